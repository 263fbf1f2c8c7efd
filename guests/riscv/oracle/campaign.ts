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
  comparison?: Comparison;
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
  comparison?.divergence !== undefined ||
  (comparison?.memory.length ?? 0) > 0 ||
  run !== undefined ||
  lockstep !== undefined;

/** The machines of a campaign: the one to compare with the oracle, and those to compare with each other in bulk. */
export interface Machines {
  tested?: Machine;
  running?: { machine: HartMachine; stepped: HartMachine };
}

async function compareOne(program: Program, machines: Machines, result: CampaignResult): Promise<Outcome> {
  const outcome: Outcome = { program };
  const { tested, running } = machines;
  if (tested !== undefined)
    outcome.comparison = await compareProgram(program, tested, result.coverage).catch((cause) => {
      throw new Error(`seed ${program.seed}: the comparison failed`, { cause });
    });
  if (outcome.comparison?.divergence !== undefined || running === undefined) return outcome;
  const { machine, stepped } = running;
  const run = compareRun(program, machine, result.runs);
  if (run !== undefined) outcome.run = run;
  const lockstep = compareInLockstep(program, machine, stepped, result.runs);
  if (lockstep !== undefined) outcome.lockstep = lockstep;
  return outcome;
}

/** Adds what became of a program to the result. */
function add(result: CampaignResult, outcome: Outcome): void {
  const { comparison } = outcome;
  result.programs++;
  result.instructions =
    comparison === undefined
      ? result.runs.of('translator').instructions
      : result.instructions + comparison.instructions;
  for (const [what, count] of comparison?.legal ?? [])
    result.legal.set(what, (result.legal.get(what) ?? 0) + count);
  if (isFailure(outcome)) result.failures.push(outcome);
  else if (comparison?.isComplete === false) result.incomplete++;
}

/** Each program has a seed of its own, one more than the last, so that it can be run again alone. */
export async function runCampaign(
  machineFor: (program: Program) => Promise<Machines>,
  options: CampaignOptions,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<CampaignResult> {
  const result: CampaignResult = {
    programs: 0,
    instructions: 0,
    incomplete: 0,
    failures: [],
    coverage: new Coverage(),
    runs: new RunCoverage(),
    legal: new Map(),
  };
  while (result.instructions < options.instructions && result.failures.length < options.maxFailures) {
    const program = generateProgram(options.seed + BigInt(result.programs), options.groups, options.chosen);
    const outcome = await compareOne(program, await machineFor(program), result);
    add(result, outcome);
    onOutcome(outcome);
  }
  return result;
}
