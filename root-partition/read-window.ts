// Where to read to, and how much at once. Before it reads again the engine asks the kernel whether there is more, unless a read
// filled its buffer: then it reads again at once. A partition that asks, is answered, and asks again has often done so by then:
// whoever sends short pieces of one length gets a buffer of its own of that length. Now and then it is the one that all share
// for once, which shows whether pieces come faster than they are read.

/** As often as the engine reads before it looks at other sockets. */
const READS_UNTIL_SHARED = 32;
/** What a partition may have for itself. */
const LONGEST_OWN_BYTES = 8192;

export class ReadWindow {
  readonly #shared: Uint8Array;
  #own: Uint8Array | undefined;
  #buffer: Uint8Array;
  #changed: Uint8Array | undefined;
  #lastBytes = 0;
  #filled = 0;

  /** @param shared as much as is read at once at most; it is every partition's, one after the other */
  constructor(shared: Uint8Array) {
    this.#shared = shared;
    this.#buffer = shared;
    this.#changed = shared;
  }

  /** Where to read to from now on; undefined: as before. */
  get changed(): Uint8Array | undefined {
    return this.#changed;
  }

  /** The `bytes` that were read. */
  piece(bytes: number): Uint8Array {
    const buffer = this.#buffer;
    return bytes === buffer.length ? buffer : buffer.subarray(0, bytes);
  }

  /** The `bytes` that were read are done with; `isEven`: they ended where a frame ends. */
  release(bytes: number, isEven: boolean): void {
    const buffer = this.#buffer;
    const isShared = buffer === this.#shared;
    // Whoever still looked at it would see the next partition's bytes there.
    if (isShared) buffer.fill(0, 0, bytes);
    if (!isShared && isEven && bytes === buffer.length && ++this.#filled < READS_UNTIL_SHARED) {
      this.#changed = undefined;
      return;
    }
    const isAgain = isShared && isEven && bytes === this.#lastBytes && bytes <= LONGEST_OWN_BYTES;
    if (isAgain && bytes !== this.#own?.length) this.#own = new Uint8Array(bytes);
    this.#buffer = isAgain && this.#own !== undefined ? this.#own : this.#shared;
    this.#changed = this.#buffer;
    this.#lastBytes = bytes;
    this.#filled = 0;
  }
}
