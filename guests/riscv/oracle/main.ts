// Command line of the differential test: random programs on Cofferdam's machine and on QEMU, state by state.
//   node guests/riscv/oracle/main.ts [--seed S] [--instructions N] [--class C] [--groups G] [--failures N]
//     [--machine hart|qemu] [--keep DIR] [--coverage] [--brief]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Outcome, runCampaign } from './campaign.ts';
import { describeDivergence } from './compare.ts';
import { buildElf } from './elf.ts';
import { type GroupClass, groupClasses } from './generator/context.ts';
import { HartMachine } from './hart-machine.ts';
import { requireQemu } from './qemu.ts';
import { recordMachine } from './recorded-machine.ts';
import { describeRunDivergence } from './run-comparison.ts';

const { values } = parseArgs({
  options: {
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
});

function chosenClass(name: string): GroupClass | 'mixed' {
  if (name === 'mixed') return name;
  const found = groupClasses.find((known) => known === name);
  if (found === undefined)
    throw new Error(`--class: expected mixed or one of ${groupClasses.join(', ')}, got ${name}`);
  return found;
}

function describe({ program, comparison, run }: Outcome): string {
  const lines: string[] = [];
  if (comparison.divergence !== undefined) lines.push(describeDivergence(comparison.divergence));
  for (const { address, oracle, machine } of comparison.memory)
    lines.push(`seed ${program.seed}: byte at ${address.toString(16)}: QEMU ${oracle}, ours ${machine}`);
  if (run !== undefined) lines.push(describeRunDivergence(run));
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

const seed = BigInt(values.seed);
console.log(`oracle: ${requireQemu()}\nseed ${seed}, class ${values.class}`);
const hart = values.machine === 'hart' ? await HartMachine.create() : undefined;
const started = performance.now();
const result = await runCampaign(
  (program) => (hart === undefined ? recordMachine(program) : Promise.resolve(hart)),
  {
    seed,
    instructions: Number(values.instructions),
    chosen: chosenClass(values.class),
    groups: Number(values.groups),
    maxFailures: Number(values.failures),
  },
  report,
);
if (values.coverage) console.log(result.coverage.table());
const outcomes = [...result.coverage.totals()].sort().map(([outcome, count]) => `${outcome} ${count}`);
console.log(`outcomes: ${outcomes.join(', ')}`);
for (const [what, count] of result.legal) console.log(`legal difference: ${what} ×${count}`);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `${result.instructions} instructions of ${result.programs} programs in ${seconds} s, ` +
    `${result.incomplete} cut off, ${result.failures.length} diverging (seed ${seed})`,
);
process.exitCode = result.failures.length === 0 ? 0 : 1;
