// The stream of choices that a fuzz case is made of. Case n of a seed always draws the same stream (xoroshiro64**,
// Blackman and Vigna), and a case is a function of its stream alone: so any case can be run again, and made smaller by
// running it on a shorter and simpler stream (shrink.ts), whatever it generates.

/** Numbers at which decoders go wrong: ends of ranges, signs, powers of two. */
const edges: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 1024, 4088, 4095,
  4096, 4097, 8192, 0xffff, 0x1_0000, 0x1_0001, 0xff_ffff, 0x100_0000, 0x7fff_fff8, 0x7fff_ffff, 0x8000_0000,
  0x8000_0001, 0xffff_f000, 0xffff_fff8, 0xffff_fffe, 0xffff_ffff,
];

const mix = (value: number): number => {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0_aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
  return mixed ^ (mixed >>> 15);
};

export class FuzzRandom {
  #a = 1;
  #b = 0;
  #replayed: readonly number[] | undefined;
  #at = 0;
  #recorded: number[] | undefined;
  readonly #notes: string[] = [];

  /** Starts the stream of one case. */
  start(seed: number, caseNumber: number): void {
    this.#replayed = undefined;
    this.#recorded = undefined;
    const high = mix((seed >>> 0) ^ mix(Math.floor(seed / 2 ** 32) + 0x9e37_79b9));
    this.#a = mix(high + Math.floor(caseNumber / 2 ** 32)) ^ mix((caseNumber >>> 0) + 0x85eb_ca6b);
    this.#b = mix(this.#a + (caseNumber >>> 0)) ^ high;
    if ((this.#a | this.#b) === 0) this.#a = 1;
  }

  /** Starts the stream of one case, and keeps what is drawn. */
  startTraced(seed: number, caseNumber: number): void {
    this.start(seed, caseNumber);
    this.#recorded = [];
    this.#notes.length = 0;
  }

  /** Draws the given numbers, then zeros. */
  replay(choices: readonly number[]): void {
    this.#replayed = choices;
    this.#at = 0;
    this.#recorded = undefined;
    this.#notes.length = 0;
  }

  /** What was drawn since `startTraced`. */
  get choices(): readonly number[] {
    return this.#recorded ?? [];
  }

  /** Whether a case should say in words what it does; only then is it worth the time. */
  get isTraced(): boolean {
    return this.#recorded !== undefined || this.#replayed !== undefined;
  }

  note(text: string): void {
    if (this.isTraced) this.#notes.push(text);
  }

  get notes(): readonly string[] {
    return this.#notes;
  }

  /** 32 random bits, as an unsigned number. */
  next(): number {
    if (this.#replayed !== undefined) return this.#replayed[this.#at++] ?? 0;
    const a = this.#a;
    const sum = Math.imul(a, 0x9e37_79bb);
    const result = Math.imul((sum << 5) | (sum >>> 27), 5) >>> 0;
    const b = this.#b ^ a;
    this.#a = ((a << 26) | (a >>> 6)) ^ b ^ (b << 9);
    this.#b = (b << 13) | (b >>> 19);
    if (this.#recorded !== undefined) this.#recorded.push(result);
    return result;
  }

  /** A whole number in [0, limit). Drawing 0 gives 0, which is what shrinking tends to. */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True once in `n` times on average, and never for the simplest choice. */
  oneIn(n: number): boolean {
    return this.below(n) === n - 1;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** An unsigned 32-bit number, mostly one at which something may go wrong. */
  word(): number {
    const kind = this.below(4);
    if (kind === 0) return this.below(64);
    if (kind === 3) return this.next();
    const edge = edges[this.below(edges.length)] as number;
    return kind === 1 ? edge : (edge + this.between(-9, 9)) >>> 0;
  }

  /** 64 bits, mostly at edges. */
  word64(): bigint {
    const low = BigInt(this.word());
    return this.below(3) === 2 ? low | (BigInt(this.word()) << 32n) : low;
  }

  /** Up to `most` bytes: noise, one value, or text-like. */
  bytes(most: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.below(most + 1));
    const kind = this.below(3);
    const fill = kind === 0 ? this.below(256) : 0;
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = kind === 0 ? fill : kind === 1 ? this.below(256) : 32 + this.below(95);
    }
    return bytes;
  }

  /** Changes a few places of `bytes`: bits, bytes, words, at random and at edges. */
  disturb(bytes: Uint8Array, times = 1 + this.below(6)): void {
    if (bytes.length === 0) return;
    for (let left = times; left > 0; left--) {
      const at = this.below(bytes.length);
      const width = this.pick([1, 1, 2, 4, 8]);
      const value = this.word();
      if (this.oneIn(4)) bytes[at] = (bytes[at] as number) ^ (1 << this.below(8));
      else
        for (let i = 0; i < width && at + i < bytes.length; i++)
          bytes[at + i] = i < 4 ? value >>> (8 * i) : 0;
    }
  }
}
