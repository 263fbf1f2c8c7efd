// A campaign: random programs from one seed until enough instructions have been compared.
import { type Comparison, compareProgram } from './compare.ts';
import { Coverage } from './coverage.ts';
import type { GroupClass } from './generator/context.ts';
import { generateProgram, type Program } from './generator/program.ts';
import type { Machine } from './machine.ts';

export interface CampaignOptions {
  seed: bigint;
  instructions: number;
  chosen: GroupClass | 'mixed';
  /** Random groups per program. */
  groups: number;
  /** Called after each program. */
  onProgram?: (program: Program, comparison: Comparison) => void;
  /** Stops after this many programs that diverge. */
  maxDivergences: number;
}

export interface CampaignResult {
  programs: number;
  instructions: number;
  incomplete: number;
  failures: { program: Program; comparison: Comparison }[];
  coverage: Coverage;
}

export const isFailure = (comparison: Comparison): boolean =>
  comparison.divergence !== undefined || comparison.memory.length > 0;

/** Each program has a seed of its own, so that it can be run again alone. */
export async function runCampaign(
  machine: (program: Program) => Promise<Machine>,
  options: CampaignOptions,
): Promise<CampaignResult> {
  const result: CampaignResult = {
    programs: 0,
    instructions: 0,
    incomplete: 0,
    failures: [],
    coverage: new Coverage(),
  };
  while (result.instructions < options.instructions && result.failures.length < options.maxDivergences) {
    const program = generateProgram(options.seed + BigInt(result.programs), options.groups, options.chosen);
    const comparison = await compareProgram(program, await machine(program), result.coverage);
    result.programs++;
    result.instructions += comparison.instructions;
    if (isFailure(comparison)) result.failures.push({ program, comparison });
    else if (!comparison.isComplete) result.incomplete++;
    options.onProgram?.(program, comparison);
  }
  return result;
}
