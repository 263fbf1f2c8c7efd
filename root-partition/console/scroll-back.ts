// The last bytes of a console, in a ring of fixed size.

export class ScrollBack {
  readonly #ring: Uint8Array;
  #total = 0;

  constructor(capacityBytes: number) {
    this.#ring = new Uint8Array(capacityBytes);
  }

  /** Bytes ever written. */
  get totalBytes(): number {
    return this.#total;
  }

  append(bytes: Uint8Array): void {
    const capacity = this.#ring.length;
    const kept = bytes.length > capacity ? bytes.subarray(bytes.length - capacity) : bytes;
    const at = (this.#total + bytes.length - kept.length) % capacity;
    const first = Math.min(kept.length, capacity - at);
    this.#ring.set(first === kept.length ? kept : kept.subarray(0, first), at);
    if (first < kept.length) this.#ring.set(kept.subarray(first), 0);
    this.#total += bytes.length;
  }

  /** A copy of what is kept, oldest first. */
  snapshot(): Uint8Array {
    const capacity = this.#ring.length;
    if (this.#total <= capacity) return this.#ring.slice(0, this.#total);
    const start = this.#total % capacity;
    const bytes = new Uint8Array(capacity);
    bytes.set(this.#ring.subarray(start));
    bytes.set(this.#ring.subarray(0, start), capacity - start);
    return bytes;
  }
}
