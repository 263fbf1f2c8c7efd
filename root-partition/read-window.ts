// How much to read at once. Before it reads again the engine asks the kernel whether there is more, unless a read filled its
// buffer: then it reads again at once. A partition that asks, is answered, and asks again has often done so by then: whoever
// sends pieces of one length gets a buffer of that length. Now and then it is the whole one for once, which shows whether
// pieces come faster than they are read.

/** As often as the engine reads before it looks at other sockets. */
const READS_UNTIL_WHOLE = 32;

export class ReadWindow {
  readonly #whole: Uint8Array;
  #part: Uint8Array;
  #changed: Uint8Array | undefined;
  #bytes: number;
  #lastBytes = 0;
  #filled = 0;

  /** @param whole as much as is read at once at most */
  constructor(whole: Uint8Array) {
    this.#whole = whole;
    this.#part = whole;
    this.#changed = whole;
    this.#bytes = whole.length;
  }

  /** Where to read to from now on; undefined: as before. */
  get changed(): Uint8Array | undefined {
    return this.#changed;
  }

  /** `bytes` were read; `isEven`: they ended where a frame ends. */
  note(bytes: number, isEven: boolean): void {
    if (bytes === this.#bytes && isEven && ++this.#filled < READS_UNTIL_WHOLE) {
      this.#changed = undefined;
      return;
    }
    const isAgain = isEven && bytes === this.#lastBytes && bytes !== this.#bytes;
    if (isAgain && bytes !== this.#part.length) this.#part = this.#whole.subarray(0, bytes);
    this.#changed = isAgain ? this.#part : this.#whole;
    this.#bytes = this.#changed.length;
    this.#lastBytes = bytes;
    this.#filled = 0;
  }
}
