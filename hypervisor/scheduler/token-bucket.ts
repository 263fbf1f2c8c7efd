// A token bucket that may go into debt: what has happened is charged, and the next thing waits until the debt is paid.
// Charging looks at the clock only when the tokens seem used up, so that it costs a subtraction where there is room.

export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAtMs: number;

  /**
   * @param perSecond tokens that come in, more than 0
   * @param capacity tokens that it holds, and has at first; default: a second's worth
   * @param now monotonic milliseconds
   */
  constructor(perSecond: number, capacity = perSecond, now: () => number = () => performance.now()) {
    this.#perMs = perSecond / 1000;
    this.#capacity = capacity;
    this.#now = now;
    this.#tokens = capacity;
    this.#filledAtMs = now();
  }

  /** Takes tokens, whether they are there or not. @returns false when that left a debt */
  charge(amount: number): boolean {
    this.#tokens -= amount;
    return this.#tokens >= 0 || this.tokens >= 0;
  }

  /** What there is now; negative: a debt. */
  get tokens(): number {
    const nowMs = this.#now();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
    return this.#tokens;
  }

  /** Whole milliseconds until there are `amount` tokens; 0 when there are. */
  msUntil(amount: number): number {
    return Math.max(0, Math.ceil((amount - this.tokens) / this.#perMs));
  }
}
