// Development tool: compiles the kernels for RISC-V into kernels.hex, with the checksums that they give when compiled for
// this computer. Both compilers must be there (on Debian: gcc, gcc-riscv64-linux-gnu); nothing is linked but our own code.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIXTURE, sourcesDigest } from './kernels.ts';

const CROSS = 'riscv64-linux-gnu-';
const LINE_BYTES = 48;
const here = import.meta.dirname;
const files = ['structures', 'arithmetic', 'control', 'memory'];
const common = ['-std=gnu11', '-Wall', '-Wextra', '-ffp-contract=off', '-fno-tree-loop-distribute-patterns'];
const riscv = [
  '-march=rv64gc',
  '-mabi=lp64d',
  '-mcmodel=medany',
  '-ffreestanding',
  '-fno-pic',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
];
const levels = [
  ['plain', '-O0', ['-DWITH_SWITCH']],
  ['fast', '-O2', []],
] as const;

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });

/** Compiles everything; the objects. */
function compile(compiler: string, options: string[], folder: string): string[] {
  const object = (name: string): string => join(folder, `${compiler}-${name}.o`);
  run(compiler, ...common, ...options, '-O2', '-c', join(here, 'main.c'), '-o', object('main'));
  const others = levels.flatMap(([level, optimisation, more]) =>
    files.map((file) => {
      const output = object(`${level}-${file}`);
      const flags = [...common, ...options, ...more, optimisation, `-DLEVEL=${level}`];
      run(compiler, ...flags, '-c', join(here, `${file}.c`), '-o', output);
      return output;
    }),
  );
  return [object('main'), ...others];
}

function makeFixture(folder: string): string {
  const native = join(folder, 'native');
  run('cc', ...compile('cc', [], folder), '-o', native);
  const expected = run(native).trim().split('\n');
  const [elf, binary] = [join(folder, 'kernels.elf'), join(folder, 'kernels.bin')];
  const script = join(folder, 'kernels.ld');
  const layout = readFileSync(join(here, 'kernels.ld'), 'utf8');
  writeFileSync(script, layout.replace('SIGNATURE_BYTES', String(8 * expected.length)));
  const linking = ['-nostdlib', '-static', '-no-pie', '-Wl,--build-id=none', '-Wl,--no-warn-rwx-segments'];
  run(`${CROSS}gcc`, ...linking, `-Wl,-T,${script}`, ...compile(`${CROSS}gcc`, riscv, folder), '-o', elf);
  run(`${CROSS}objcopy`, '-O', 'binary', elf, binary);
  const wanted = ['done', 'end', 'tohost', 'begin_signature', 'end_signature'];
  const symbols = run(`${CROSS}nm`, elf)
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , name]) => wanted.includes(name!));
  const image = readFileSync(binary);
  const lines = Array.from({ length: Math.ceil(image.length / LINE_BYTES) }, (_, index) =>
    image.subarray(index * LINE_BYTES, (index + 1) * LINE_BYTES).toString('hex'),
  );
  return [
    '# Written by make-fixture.ts from the C files beside it: an image for 0x8000_0000, its symbols, and the checksums',
    '# that the same sources give on another computer.',
    `# ${run(`${CROSS}gcc`, '--version').split('\n')[0]}; ${run('cc', '--version').split('\n')[0]}`,
    `sources ${sourcesDigest()}`,
    ...symbols.map(([address, , name]) => `symbol ${name} ${address}`),
    ...expected.map((line) => `checksum ${line}`),
    ...lines,
    '',
  ].join('\n');
}

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-kernels-'));
try {
  writeFileSync(FIXTURE, makeFixture(folder));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
