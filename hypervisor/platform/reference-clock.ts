// Partition reference time (TLFS: "Partition Reference Counter"): 100 ns ticks since the partition's creation,
// rounded down to the partition's granularity, the same in all of its threads.

const TICKS_PER_MS = 10_000;

/** Now, in milliseconds of the clock that all threads of a process share. */
export function sharedNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * A function that returns reference time in ticks.
 * @param epochMs sharedNowMs() at the partition's creation
 * @param granularityTicks 1 for the full resolution; more makes timing channels coarser
 */
export function referenceClock(epochMs: number, granularityTicks: number): () => number {
  // The difference is taken once: performance.now() alone keeps its sub-microsecond digits.
  const offsetMs = performance.timeOrigin - epochMs;
  // Named for the sampling profiler.
  if (granularityTicks <= 1)
    return function referenceTime() {
      return Math.floor((performance.now() + offsetMs) * TICKS_PER_MS);
    };
  return function referenceTime() {
    return Math.floor(((performance.now() + offsetMs) * TICKS_PER_MS) / granularityTicks) * granularityTicks;
  };
}
