// Development tool: writes fixtures/oracle.txt from the two builds of oracle.c (see there how to build them).
//   node make-fixture.ts DIRECTORY-OF-ORACLES SEED
// A case goes in only if the x86-64 FPU, where it has the operation, agrees with QEMU.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { operations } from './operations.ts';
import { RECORD_BYTES } from './test-module.ts';

const [directory = '.', seed = '1'] = process.argv.slice(2);
const run = (command: string, ...args: string[]): Buffer =>
  execFileSync(command, args, { maxBuffer: 2 ** 28 });
const firstLine = (command: string): string => String(run(command, '--version')).split('\n')[0]!;

const count = '60000';
const qemu = run('qemu-riscv64', join(directory, 'oracle-riscv'), seed, count);
const x86 = run(join(directory, 'oracle-x86'), seed, count);

const arithmetic = /Add|Sub|Mul|Div|Sqrt|f64ToF32/;
const cases = operations.map((): string[] => []);
let confirmed = 0;
for (let at = 0; at < qemu.length; at += RECORD_BYTES) {
  const record = qemu.subarray(at, at + RECORD_BYTES);
  const operation = operations[record[0]!]!;
  const group = cases[record[0]!]!;
  if (group.length >= (arithmetic.test(operation.name) ? 900 : 350)) continue;
  if (x86[at + 3] !== 0) {
    if (!record.equals(x86.subarray(at, at + RECORD_BYTES))) throw new Error(`the oracles differ at ${at}`);
    confirmed++;
  }
  const words = [...operation.operands.map((_, i) => 8 + 8 * i), 32].map((offset) =>
    record.readBigUInt64LE(offset).toString(16),
  );
  group.push(`${record[1]} ${record[2]!.toString(16)} ${words.join(' ')}`);
}

const total = cases.reduce((sum, group) => sum + group.length, 0);
const lines = [
  '# Floating-point cases: rounding mode, flags raised, operands, result; hexadecimal words; one section per',
  `# operation. Written by make-fixture.ts from oracle.c with seed ${seed}: ${total} cases computed by RISC-V`,
  `# instructions under ${firstLine('qemu-riscv64')};`,
  `# ${confirmed} of them also computed by an x86-64 FPU, with the same outcome. Compilers:`,
  `# ${firstLine('riscv64-linux-gnu-gcc')}; ${firstLine('gcc')}.`,
  ...operations.flatMap(({ name }, index) => [`[${name}]`, ...cases[index]!]),
];
writeFileSync(join(import.meta.dirname, 'fixtures/oracle.txt'), `${lines.join('\n')}\n`);
console.log(`${total} cases, ${confirmed} confirmed by both oracles`);
