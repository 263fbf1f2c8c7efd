// Limits that a partition keeps running into, as audit events. The root partition's word is taken as it is; what the
// partition process says is bounded in number, whatever it says.
import type { PartitionCounters } from '../isolation/partition-host.ts';
import type { Limit } from '../scheduler/limits.ts';

/** The partition asked for more than its limit, and not for a moment only. */
export interface ThrottledEvent {
  event: 'throttled';
  limit: Limit;
  /** How long it waited because of that since the last such event: a second at least. */
  waitedMs: number;
}

/** A VP that waits cannot wait for more than a second in a second; half of that, lest a late report be lost. */
export const MIN_INTERVAL_MS = 500;
const SUSTAINED_MS = 1000;

/** Hypercalls, from the counters of one run of a guest. */
export class ThrottleAudit {
  readonly #emit: (event: ThrottledEvent) => void;
  readonly #now: () => number;
  #seenMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(emit: (event: ThrottledEvent) => void, now: () => number = () => performance.now()) {
    this.#emit = emit;
    this.#now = now;
  }

  /** A report that comes too soon after the last event adds to the next one. */
  take({ throttledMs }: PartitionCounters): void {
    const waitedMs = (throttledMs - this.#seenMs) >>> 0;
    const nowMs = this.#now();
    if (waitedMs < SUSTAINED_MS || nowMs - this.#lastMs < MIN_INTERVAL_MS) return;
    this.#seenMs = throttledMs;
    this.#lastMs = nowMs;
    this.#emit({ event: 'throttled', limit: 'hypercalls', waitedMs });
  }
}
