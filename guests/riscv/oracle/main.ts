// Command line of the differential test: random programs on Cofferdam's machine and on QEMU, state by state.
//   node guests/riscv/oracle/main.ts --seed S --instructions N [--class C] [--groups G] [--keep DIR] [--coverage]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { describeDivergence } from './compare.ts';
import { buildElf } from './elf.ts';
import { type GroupClass, groupClasses } from './generator/context.ts';
import type { Program } from './generator/program.ts';
import { HartMachine } from './hart-machine.ts';
import { requireQemu } from './qemu.ts';
import { recordMachine } from './recorded-machine.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(BigInt(Date.now())) },
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
  if (name === 'mixed' || (groupClasses as readonly string[]).includes(name))
    return name as GroupClass | 'mixed';
  throw new Error(`--class: expected mixed or one of ${groupClasses.join(', ')}, got ${name}`);
}

function keep(folder: string, program: Program, report: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${program.seed}.elf`), buildElf(program.image));
  writeFileSync(join(folder, `${program.seed}.txt`), report);
}

const seed = BigInt(values.seed);
console.log(`oracle: ${requireQemu()}\nseed ${seed}, class ${values.class}`);
const started = performance.now();
const hart = values.machine === 'hart' ? await HartMachine.create() : undefined;
const result = await runCampaign(
  (program) => (hart === undefined ? recordMachine(program) : Promise.resolve(hart)),
  {
    seed,
    instructions: Number(values.instructions),
    chosen: chosenClass(values.class),
    groups: Number(values.groups),
    maxDivergences: Number(values.failures),
    onProgram: (program, comparison) => {
      const report = [
        ...(comparison.divergence === undefined ? [] : [describeDivergence(comparison.divergence)]),
        ...comparison.memory.map(
          (byte) =>
            `seed ${program.seed}: memory ${byte.address.toString(16)}: QEMU ${byte.oracle}, ours ${byte.machine}`,
        ),
      ].join('\n');
      if (report === '') return;
      console.log(values.brief ? report.split('\n  state before:')[0] : report);
      if (values.keep !== undefined) keep(values.keep, program, report);
    },
  },
);
if (values.coverage) console.log(result.coverage.table());
const outcomes = [...result.coverage.totals()].sort().map(([outcome, count]) => `${outcome} ${count}`);
console.log(`outcomes: ${outcomes.join(', ')}`);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `${result.instructions} instructions of ${result.programs} programs in ${seconds} s, ${result.incomplete} cut off, ${result.failures.length} diverging`,
);
process.exitCode = result.failures.length === 0 ? 0 : 1;
