// The seeded generator of pseudo-random numbers behind every random program (sfc32): equal seeds, equal programs.

/** A deterministic stream of random choices. */
export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  constructor(seed: bigint) {
    this.#a = Number(seed & 0xffffffffn) | 0;
    this.#b = Number((seed >> 32n) & 0xffffffffn) | 0;
    for (let round = 0; round < 16; round++) this.next32();
  }

  /** 32 random bits, as an unsigned number. */
  next32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** 64 random bits. */
  next64(): bigint {
    return (BigInt(this.next32()) << 32n) | BigInt(this.next32());
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor((this.next32() / 0x1_0000_0000) * limit);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next32() / 0x1_0000_0000 < probability;
  }

  /** One element, each equally likely. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** One element, in proportion to its weight, which may be a fraction. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = (this.next32() / 0x1_0000_0000) * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return choices[0]![1];
  }
}
