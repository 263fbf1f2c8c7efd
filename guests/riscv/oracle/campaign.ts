// A campaign: random programs from one seed until enough instructions have been compared.
import { type Comparison, compareProgram } from './compare.ts';
import { Coverage } from './coverage.ts';
import type { GroupClass } from './generator/context.ts';
import { generateProgram, type Program } from './generator/program.ts';
import type { Machine, RunningMachine } from './machine.ts';
import { compareRun, type RunDivergence } from './run-comparison.ts';

export interface CampaignOptions {
  seed: bigint;
  /** How many instructions to compare at least. */
  instructions: number;
  chosen: GroupClass | 'mixed';
  /** Random groups per program. */
  groups: number;
  /** Stops after this many programs that diverge. */
  maxFailures: number;
}

/** What became of one program. */
export interface Outcome {
  program: Program;
  comparison: Comparison;
  run?: RunDivergence;
}

export interface CampaignResult {
  programs: number;
  instructions: number;
  /** Programs that were cut off because they ran too long. */
  incomplete: number;
  failures: Outcome[];
  coverage: Coverage;
  legal: Map<string, number>;
}

export const isFailure = ({ comparison, run }: Outcome): boolean =>
  comparison.divergence !== undefined || comparison.memory.length > 0 || run !== undefined;

const canRun = (machine: Machine): machine is RunningMachine => 'run' in machine;

async function compareOne(program: Program, machine: Machine, coverage: Coverage): Promise<Outcome> {
  const comparison = await compareProgram(program, machine, coverage).catch((cause) => {
    throw new Error(`seed ${program.seed}: the comparison failed`, { cause });
  });
  const outcome: Outcome = { program, comparison };
  const run = comparison.isComplete && canRun(machine) ? compareRun(program, machine) : undefined;
  return run === undefined ? outcome : { ...outcome, run };
}

/** Each program has a seed of its own, one more than the last, so that it can be run again alone. */
export async function runCampaign(
  machineFor: (program: Program) => Promise<Machine>,
  options: CampaignOptions,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<CampaignResult> {
  const coverage = new Coverage();
  const legal = new Map<string, number>();
  const result: CampaignResult = {
    programs: 0,
    instructions: 0,
    incomplete: 0,
    failures: [],
    coverage,
    legal,
  };
  while (result.instructions < options.instructions && result.failures.length < options.maxFailures) {
    const program = generateProgram(options.seed + BigInt(result.programs), options.groups, options.chosen);
    const outcome = await compareOne(program, await machineFor(program), coverage);
    const { comparison } = outcome;
    result.programs++;
    result.instructions += comparison.instructions;
    for (const [what, count] of comparison.legal) legal.set(what, (legal.get(what) ?? 0) + count);
    if (isFailure(outcome)) result.failures.push(outcome);
    else if (!comparison.isComplete) result.incomplete++;
    onOutcome(outcome);
  }
  return result;
}
