// What real-guests.ts runs: images with Debian's own programs, and commands whose whole output must be the same on
// every machine. The programs' sources are in bench/guest/real and appear in the guest as /real.

export interface RealGuest {
  name: string;
  /** Debian packages that the image `linux` is built with. */
  packages: string;
  memoryMib: number;
  rows: readonly RealGuestRow[];
}

export interface RealGuestRow {
  name: string;
  command: string;
}

const JAVA = '/usr/lib/jvm/java-21-openjdk-riscv64/bin/java';

/** Compiles a program in the guest and runs it. */
const compiled = (name: string, flags: string): RealGuestRow => ({
  name: `gcc ${name}`,
  command: `gcc ${flags} -o /tmp/${name} /real/${name}.c -lm && /tmp/${name}`,
});

export const realGuests: readonly RealGuest[] = [
  {
    name: 'linux-develop',
    packages: 'python3,gcc,libc6-dev',
    memoryMib: 1536,
    rows: [
      { name: 'python3 start', command: 'python3 -c "import sys; print(sys.version)"' },
      { name: 'python3 library', command: 'python3 /real/standard-library.py' },
      { name: 'python3 processes', command: 'python3 /real/processes.py' },
      compiled('patch-code', '-O2'),
      compiled('trampolines', '-O2 -Wl,--no-warn-execstack'),
      compiled('numbers', '-O3 -frounding-math'),
      compiled('threads', '-O1 -pthread'),
      {
        name: 'gcc -O0 and -Os',
        command:
          'for o in -O0 -Os; do gcc $o -o /tmp/numbers /real/numbers.c -lm && /tmp/numbers && objdump -d /tmp/numbers | md5sum; done',
      },
    ],
  },
  {
    name: 'linux-jit',
    packages: 'nodejs,luajit,pypy3,sbcl,guile-3.0,chezscheme,grep',
    memoryMib: 1536,
    rows: [
      { name: 'Node, V8', command: 'NO_COLOR=1 node /real/machine-code.mjs' },
      { name: 'LuaJIT', command: 'luajit /real/machine-code.lua' },
      { name: 'PyPy', command: 'pypy3 /real/many-types.py' },
      { name: 'SBCL', command: 'sbcl --script /real/machine-code.lisp' },
      { name: 'Guile', command: 'GUILE_AUTO_COMPILE=0 guile-3.0 /real/machine-code.scm' },
      { name: 'Chez Scheme', command: 'chezscheme --script /real/machine-code.scm' },
      {
        name: 'grep -P',
        command:
          "seq 1 60000 | sed 's/.*/key&=value & x&y/' > /tmp/lines; /usr/bin/grep -cP '^(\\w+)=value (\\d+) x(?=\\2y)(?!.*99)[xy\\d]+$' /tmp/lines",
      },
    ],
  },
  {
    name: 'linux-java',
    packages: 'openjdk-21-jre-headless,libclojure-java',
    memoryMib: 1536,
    rows: [
      { name: 'java -version', command: `${JAVA} -version 2>&1` },
      {
        name: 'Clojure on HotSpot',
        command: `${JAVA} -cp /usr/share/java/clojure-1.12.jar:/usr/share/java/spec.alpha.jar:/usr/share/java/core.specs.alpha.jar clojure.main /real/machine-code.clj`,
      },
    ],
  },
];
