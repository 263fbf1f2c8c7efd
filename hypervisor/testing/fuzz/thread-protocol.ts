// What the thread that runs a fuzz target's cases and whoever started it say to each other.
import type { FailedCase } from './case-runner.ts';
import type { PlantedBug } from './fuzz-target.ts';

/** What the thread is given. */
export interface FuzzTask {
  file: string;
  seed: number;
  firstCase: number;
  /** Where to stop, Infinity for never. */
  endCase: number;
  plantedBug: PlantedBug | undefined;
  /** Whether a failure is made small; takes up to SHRINK_MS. */
  shrinks: boolean;
  shared: SharedArrayBuffer;
}

/** Shared between thread and starter: the case that runs, cases done, and whether to stop. */
export const AT_CASE = 0;
export const CASES_DONE = 1;
export const STOP = 2;
export const SHARED_BYTES = 24;

export interface Finding extends FailedCase {
  /** Cases and numbers that are left of it, and what they do. */
  casesLeft: number;
  notes: string[];
}

export type ThreadMessage =
  | { type: 'started' }
  /** What was found, before it is made small. */
  | { type: 'found'; failed: FailedCase }
  | { type: 'progress'; outcomes: Record<string, number> }
  | { type: 'end'; outcomes: Record<string, number>; finding: Finding | undefined };

/** A finding that nobody has made small. */
export function asItIs(failed: FailedCase, ...notes: string[]): Finding {
  return { ...failed, casesLeft: 1, notes };
}
