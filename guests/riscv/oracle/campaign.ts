// A campaign: random programs from one seed until enough instructions have been compared.
import { type Comparison, compareProgram } from './compare.ts';
import { Coverage } from './coverage.ts';
import type { GroupClass } from './generator/context.ts';
import { generateProgram, type Program } from './generator/program.ts';
import type { HartMachine } from './hart-machine.ts';
import { compareInLockstep, type LockstepDivergence } from './lockstep.ts';
import type { Machine } from './machine.ts';
import { compareRun, type RunDivergence } from './run-comparison.ts';
import { RunCoverage } from './run-coverage.ts';

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
  lockstep?: LockstepDivergence;
}

export interface CampaignResult {
  programs: number;
  instructions: number;
  /** Programs that were cut off because they ran too long. */
  incomplete: number;
  failures: Outcome[];
  coverage: Coverage;
  runs: RunCoverage;
  legal: Map<string, number>;
}

export const isFailure = ({ comparison, run, lockstep }: Outcome): boolean =>
  comparison.divergence !== undefined ||
  comparison.memory.length > 0 ||
  run !== undefined ||
  lockstep !== undefined;

/** The machines of a campaign: the one that is compared with the oracle and, where it can run in bulk, what is compared then. */
export interface Machines {
  tested: Machine;
  running?: { machine: HartMachine; stepped: HartMachine };
}

async function compareOne(program: Program, machines: Machines, result: CampaignResult): Promise<Outcome> {
  const comparison = await compareProgram(program, machines.tested, result.coverage).catch((cause) => {
    throw new Error(`seed ${program.seed}: the comparison failed`, { cause });
  });
  const outcome: Outcome = { program, comparison };
  if (comparison.divergence !== undefined || machines.running === undefined) return outcome;
  const { machine, stepped } = machines.running;
  const run = compareRun(program, machine, result.runs);
  if (run !== undefined) outcome.run = run;
  const lockstep = compareInLockstep(program, machine, stepped, result.runs);
  if (lockstep !== undefined) outcome.lockstep = lockstep;
  return outcome;
}

/** Each program has a seed of its own, one more than the last, so that it can be run again alone. */
export async function runCampaign(
  machineFor: (program: Program) => Promise<Machines>,
  options: CampaignOptions,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<CampaignResult> {
  const legal = new Map<string, number>();
  const result: CampaignResult = {
    programs: 0,
    instructions: 0,
    incomplete: 0,
    failures: [],
    coverage: new Coverage(),
    runs: new RunCoverage(),
    legal,
  };
  while (result.instructions < options.instructions && result.failures.length < options.maxFailures) {
    const program = generateProgram(options.seed + BigInt(result.programs), options.groups, options.chosen);
    const outcome = await compareOne(program, await machineFor(program), result);
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
