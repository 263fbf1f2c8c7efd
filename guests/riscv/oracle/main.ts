// Command line of the differential test: random programs on Cofferdam's machine and on QEMU, state by state.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Machines, type Outcome, runCampaign } from './campaign.ts';
import { describeDivergence } from './compare.ts';
import { buildElf } from './elf.ts';
import { type GroupClass, groupClasses } from './generator/context.ts';
import type { Program } from './generator/program.ts';
import { HartMachine } from './hart-machine.ts';
import { describeLockstepDivergence } from './lockstep.ts';
import { requireQemu } from './qemu.ts';
import { recordMachine } from './recorded-machine.ts';
import { describeRunDivergence } from './run-comparison.ts';

const HELP = `Compares the machine with QEMU on random RV64GC programs, register by register before each instruction, and its
engines with single steps.

usage: npm run oracle -- [options]

  --seed S           first program's seed; each further program has the next (default: the time)
  --instructions N   how many to compare at least (default 20000)
  --class C          what programs are mostly made of: mixed or one of
                     ${groupClasses.join(', ')}
  --groups G         groups of instructions per program (default 800)
  --failures N       stop after this many programs that diverge (default 10)
  --machine M        hart (default), qemu to compare QEMU with its own record, or engines to compare the hart's engines
                     with its single steps alone, without QEMU and much faster
  --keep DIR         write diverging programs there as ELF, with the state before the divergence
  --coverage         count outcomes by instruction
  --brief            leave out the state before a divergence

Examples:
  npm run oracle -- --seed 5 --instructions 200000
  npm run oracle -- --class protection --seed 20261124 --keep /tmp/diverging

Exit status: 0 all equal, 1 a program diverged, 2 wrong usage. Differences where both are legal are listed in
guests/riscv/oracle/legal-differences.ts.`;

function usageError(message: string): never {
  process.stderr.write(`oracle: ${message}; --help explains\n`);
  process.exit(2);
}

const options = {
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    seed: { type: 'string', default: String(Date.now()) },
    instructions: { type: 'string', default: '20000' },
    class: { type: 'string', default: 'mixed' },
    groups: { type: 'string', default: '800' },
    machine: { type: 'string', default: 'hart' },
    failures: { type: 'string', default: '10' },
    keep: { type: 'string' },
    coverage: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
  },
} as const;

function parseCommandLine(): ReturnType<typeof parseArgs<typeof options>>['values'] {
  try {
    return parseArgs(options).values;
  } catch (error) {
    return usageError((error as Error).message);
  }
}

const values = parseCommandLine();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

function positive(name: 'instructions' | 'groups' | 'failures'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 1)
    usageError(`--${name}: expected a positive whole number, got ${values[name]}`);
  return number;
}

function chosenClass(name: string): GroupClass | 'mixed' {
  if (name === 'mixed') return name;
  const found = groupClasses.find((known) => known === name);
  return found ?? usageError(`--class: expected mixed or one of ${groupClasses.join(', ')}, got ${name}`);
}

function describe({ program, comparison, run, lockstep }: Outcome): string {
  const lines: string[] = [];
  if (comparison?.divergence !== undefined) lines.push(describeDivergence(comparison.divergence));
  for (const { address, oracle, machine } of comparison?.memory ?? [])
    lines.push(`seed ${program.seed}: byte at ${address.toString(16)}: QEMU ${oracle}, ours ${machine}`);
  if (run !== undefined) lines.push(describeRunDivergence(run));
  if (lockstep !== undefined) lines.push(describeLockstepDivergence(lockstep));
  return lines.join('\n');
}

function report(outcome: Outcome): void {
  const text = describe(outcome);
  if (text === '') return;
  console.log(values.brief ? text.split('\n  state before:')[0] : text);
  if (values.keep === undefined) return;
  mkdirSync(values.keep, { recursive: true });
  writeFileSync(join(values.keep, `${outcome.program.seed}.elf`), buildElf(outcome.program.image));
  writeFileSync(join(values.keep, `${outcome.program.seed}.txt`), text);
}

if (!/^\d+$/.test(values.seed)) usageError(`--seed: expected a whole number, got ${values.seed}`);
if (!['hart', 'qemu', 'engines'].includes(values.machine))
  usageError(`--machine: expected hart, qemu or engines, got ${values.machine}`);
const seed = BigInt(values.seed);
const oracle = values.machine === 'engines' ? 'single steps' : requireQemu();
console.log(`oracle: ${oracle}\nseed ${seed}, class ${values.class}`);
const hart = { machine: await HartMachine.create(), stepped: await HartMachine.create() };

async function machinesFor(program: Program): Promise<Machines> {
  if (values.machine === 'qemu') return { tested: await recordMachine(program) };
  return values.machine === 'hart' ? { tested: hart.machine, running: hart } : { running: hart };
}

const started = performance.now();
const result = await runCampaign(
  machinesFor,
  {
    seed,
    instructions: positive('instructions'),
    chosen: chosenClass(values.class),
    groups: positive('groups'),
    maxFailures: positive('failures'),
  },
  report,
);
if (values.coverage) console.log(result.coverage.table());
const outcomes = [...result.coverage.totals()].sort().map(([outcome, count]) => `${outcome} ${count}`);
console.log(`outcomes: ${outcomes.join(', ')}`);
console.log(result.runs.table());
for (const [what, count] of result.legal) console.log(`legal difference: ${what} ×${count}`);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `${result.instructions} instructions of ${result.programs} programs in ${seconds} s, ` +
    `${result.incomplete} cut off, ${result.failures.length} diverging (seed ${seed})`,
);
process.exitCode = result.failures.length === 0 ? 0 : 1;
