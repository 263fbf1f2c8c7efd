// The static RISC-V binaries that the guest benchmarks run: compiled from bench/guest by Debian's cross compiler, put
// into an archive that is appended to an image's initramfs.
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { appendFiles, type BootFiles } from '../../guests/images/index.ts';

const COMPILER = 'riscv64-linux-gnu-gcc';
const sources = join(dirname(fileURLToPath(import.meta.url)), '../guest');

export interface GuestPrograms extends Disposable {
  /** The same boot files, with the programs in /bench. */
  addTo(files: BootFiles): BootFiles;
  compiler: string;
}

/** Why programs cannot be compiled here. */
export class NoCompiler extends Error {}

function compile(output: string, flags: readonly string[], inputs: readonly string[]): void {
  execFileSync(COMPILER, ['-O2', '-static', '-o', output, ...flags, ...inputs], { stdio: 'inherit' });
}

function compilerVersion(): string {
  try {
    return execFileSync(COMPILER, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? COMPILER;
  } catch {
    throw new NoCompiler(`${COMPILER} is not installed; on Debian: apt-get install gcc-riscv64-linux-gnu`);
  }
}

/**
 * @param coremark folder with the sources of EEMBC's CoreMark, should its row be wanted
 * @throws NoCompiler
 */
export function buildGuestPrograms(coremark: string | undefined): GuestPrograms {
  const compiler = compilerVersion();
  using started = new DisposableStack();
  const folder = started.adopt(mkdtempSync(join(tmpdir(), 'cofferdam-bench-')), (made) =>
    rmSync(made, { recursive: true, force: true }),
  );
  const programs = compileAll(folder, coremark);
  const owned = started.move();
  let archives = 0;
  return {
    compiler,
    addTo: (files) => {
      const initramfsPath = join(folder, `initramfs-${archives++}`);
      writeFileSync(initramfsPath, appendFiles(readFileSync(files.initramfsPath), programs));
      return { ...files, initramfsPath };
    },
    [Symbol.dispose]: () => owned.dispose(),
  };
}

function compileAll(folder: string, coremark: string | undefined): Map<string, Uint8Array> {
  const programs = new Map<string, Uint8Array>();
  const add = (name: string): void => {
    programs.set(`bench/${name}`, readFileSync(join(folder, name)));
  };
  compile(join(folder, 'cofferdam-bench'), [], globSync(join(sources, '*.c')).sort());
  add('cofferdam-bench');
  if (coremark !== undefined) {
    const port = join(coremark, 'posix');
    const flags = [`-I${coremark}`, `-I${port}`, '-DFLAGS_STR="-O2 -static"', '-DPERFORMANCE_RUN=1'];
    compile(join(folder, 'coremark'), flags, [
      ...globSync(join(coremark, 'core_*.c')),
      join(port, 'core_portme.c'),
    ]);
    add('coremark');
  }
  return programs;
}
