// Partition reference time (TLFS: "Partition Reference Counter"): 100 ns ticks since the partition's creation,
// rounded down to the partition's granularity, the same in all of its threads. Waits for a time of this clock end where
// its granularity lets that time come, never in between: when a guest wakes tells it no more than the clock does.

// The global of this name is a getter: the hart asks after each slice.
import { performance } from 'node:perf_hooks';

const TICKS_PER_MS = 10_000;

/** Now, in milliseconds of the clock that all threads of a process share. */
export function sharedNowMs(): number {
  return performance.timeOrigin + performance.now();
}

export interface ReferenceClock {
  /** Reference time in ticks, a multiple of the granularity. */
  readonly referenceTime: () => number;
  /** Milliseconds until `referenceTime` says `deadline` or more; not above 0 when it does, NaN for NaN. */
  readonly waitMs: (deadline: number) => number;
}

/**
 * @param epochMs sharedNowMs() at the partition's creation
 * @param granularityTicks 1 for the full resolution; more makes timing channels coarser
 * @param nowMs milliseconds since `originMs`
 */
export function createReferenceClock(
  epochMs: number,
  granularityTicks: number,
  nowMs: () => number = () => performance.now(),
  originMs = performance.timeOrigin,
): ReferenceClock {
  // The difference is taken once: nowMs() alone keeps its sub-microsecond digits.
  const offsetMs = originMs - epochMs;
  // Named for the sampling profiler.
  const fine = function referenceTime(): number {
    return Math.floor((nowMs() + offsetMs) * TICKS_PER_MS);
  };
  const coarse = function referenceTime(): number {
    return Math.floor(((nowMs() + offsetMs) * TICKS_PER_MS) / granularityTicks) * granularityTicks;
  };
  return {
    referenceTime: granularityTicks <= 1 ? fine : coarse,
    waitMs: (deadline) =>
      Math.ceil(deadline / granularityTicks) * (granularityTicks / TICKS_PER_MS) - nowMs() - offsetMs,
  };
}
