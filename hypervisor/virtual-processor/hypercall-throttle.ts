// The token bucket of a VP's hypercalls. The hot path only compares its count of calls with the end of the present
// slice; at the end of a slice the slice is charged, and a VP in debt waits here before it may go on.
import { TokenBucket } from '../scheduler/token-bucket.ts';
import { CB_THROTTLED_SECONDS, counterWord } from './control-block.ts';

/** The bucket looks at the clock this often per second of full speed. */
const SLICES_PER_SECOND = 128;
/** The partition's main thread is told each time that a VP has waited for so long in all. */
export const TOLD_EVERY_MS = 1000;

export class HypercallThrottle {
  readonly #words: Int32Array;
  readonly #bucket: TokenBucket;
  readonly #slice: number;
  readonly #wait: (ms: number) => void;

  /** @param wait blocks the calling thread; throws when the partition is stopped meanwhile */
  constructor(words: Int32Array, perSecond: number, wait: (ms: number) => void, now?: () => number) {
    this.#words = words;
    this.#bucket = new TokenBucket(perSecond, perSecond, now);
    this.#slice = Math.min(2 ** 30, Math.max(1, Math.floor(perSecond / SLICES_PER_SECOND)));
    this.#wait = wait;
  }

  /**
   * Called at a VP's first hypercall and at the end of each slice; comes back when the next slice may begin.
   * @param calls the counter's value now, which wraps @returns its value at the end of that slice
   */
  nextSlice(calls: number): number {
    if (!this.#bucket.charge(this.#slice)) {
      const ms = this.#bucket.msUntil(0);
      this.#note(ms);
      this.#wait(ms);
    }
    return (calls + this.#slice) | 0;
  }

  #note(ms: number): void {
    const before = Atomics.add(this.#words, counterWord.throttledMs, ms) >>> 0;
    const seconds = Math.floor((before + ms) / TOLD_EVERY_MS) - Math.floor(before / TOLD_EVERY_MS);
    if (seconds === 0) return;
    Atomics.add(this.#words, CB_THROTTLED_SECONDS, seconds);
    Atomics.notify(this.#words, CB_THROTTLED_SECONDS);
  }
}

/** Calls `report` each time that VPs have waited for another second. @returns the function that ends it */
export function watchThrottle(words: Int32Array, report: () => void): () => void {
  let isClosed = false;
  const watch = async (): Promise<void> => {
    for (let seen = Atomics.load(words, CB_THROTTLED_SECONDS); !isClosed; ) {
      await Atomics.waitAsync(words, CB_THROTTLED_SECONDS, seen).value;
      const now = Atomics.load(words, CB_THROTTLED_SECONDS);
      if (now !== seen && !isClosed) report();
      seen = now;
    }
  };
  void watch();
  return () => {
    isClosed = true;
    Atomics.notify(words, CB_THROTTLED_SECONDS);
  };
}
