// Whether to look for an answer for a moment before sleeping: where the other process runs on another processor, it may come
// sooner than the kernel can wake whoever sleeps. Where it does not come, looking takes the time of whoever would send it, so
// after each failure more sleeps pass until the next try.
import { performance } from 'node:perf_hooks';

/** About as long as it takes to wake another processor, the root partition's time included. */
const LONGEST_MS = 0.1;
const MOST_SKIPPED = 1023;

export class BriefPoll {
  readonly #now: () => number;
  #skipped = 0;
  #left = 0;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether to look before a wait of so many milliseconds; never where that would make it longer. */
  isDue(waitMs: number): boolean {
    if (!(waitMs > LONGEST_MS)) return false;
    if (this.#left === 0) return true;
    this.#left--;
    return false;
  }

  /** Looks for a moment. @returns whether something came */
  finds(hasCome: () => boolean): boolean {
    const endMs = this.#now() + LONGEST_MS;
    do {
      if (!hasCome()) continue;
      // Found late, it was found by luck: the kernel let the other process run instead of this one.
      if (this.#now() < endMs) this.#skipped = 0;
      return true;
    } while (this.#now() < endMs);
    this.#skipped = Math.min(2 * this.#skipped + 1, MOST_SKIPPED);
    this.#left = this.#skipped;
    return false;
  }
}
