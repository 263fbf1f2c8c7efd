// Guest memory that belongs to an attacker with a second processor: it counts how often each byte is fetched, and what
// has been fetched once is something else at once. Words that host and guest share by atomic operations (indices,
// message slots) are read as they are: to look at these again is their protocol.
import { GuestMemory } from '../guest-memory.ts';

const realOf = new WeakMap<object, Int32Array>();
const isIndex = /^\d+$/;

/** Lets atomic operations reach the real words behind a watched view. @returns what puts them back */
export function watchAtomics(): () => void {
  const names = [
    'load',
    'store',
    'or',
    'add',
    'and',
    'exchange',
    'compareExchange',
    'notify',
    'wait',
  ] as const;
  const atomics = Atomics as unknown as Record<string, (words: Int32Array, ...rest: number[]) => unknown>;
  const originals = names.map((name) => [name, atomics[name]] as const);
  for (const [name, original] of originals) {
    atomics[name] = (words, ...rest) => original?.(realOf.get(words) ?? words, ...rest);
  }
  return () => {
    for (const [name, original] of originals) if (original !== undefined) atomics[name] = original;
  };
}

export class WatchedMemory extends GuestMemory {
  override readonly bytes: Uint8Array;
  override readonly words: Int32Array;
  /** The memory itself, for whoever plays the guest. */
  readonly real: GuestMemory;
  readonly #fetches: Uint8Array;
  #noise = 1;
  #isWatching = false;
  /** First byte that was fetched twice since `watch`, -1 for none. */
  fetchedTwice = -1;
  /** Bytes fetched since `watch`. */
  fetchedBytes = 0;

  constructor(buffer: SharedArrayBuffer) {
    super(buffer);
    this.real = new GuestMemory(buffer);
    this.#fetches = new Uint8Array(buffer.byteLength);
    this.bytes = this.#view(this.real.bytes);
    this.words = this.#view(this.real.words);
    realOf.set(this.words, this.real.words);
  }

  watch(): void {
    this.#fetches.fill(0);
    this.fetchedTwice = -1;
    this.fetchedBytes = 0;
    this.#isWatching = true;
  }

  rest(): void {
    this.#isWatching = false;
  }

  #fetched(from: number, to: number): void {
    if (!this.#isWatching) return;
    for (let at = Math.max(0, from); at < Math.min(to, this.byteLength); at++) {
      if (this.#fetches[at] === 1 && this.fetchedTwice < 0) this.fetchedTwice = at;
      this.#fetches[at] = 1;
      this.fetchedBytes++;
      this.#noise = (Math.imul(this.#noise, 1_103_515_245) + 12_345) | 0;
      this.real.bytes[at] = this.#noise >>> 16;
    }
  }

  #view<T extends Uint8Array | Int32Array>(real: T): T {
    const size = real.BYTES_PER_ELEMENT;
    const copy = (from = 0, to = real.length) => {
      const copied = real.slice(from, to);
      this.#fetched(from * size, to * size);
      return copied;
    };
    return new Proxy(real, {
      get: (_, key) => {
        // Whoever takes a part of guest memory copies it: that is its one fetch.
        if (key === 'slice' || key === 'subarray') return copy;
        if (typeof key === 'string' && isIndex.test(key)) {
          const value = real[Number(key)];
          this.#fetched(Number(key) * size, (Number(key) + 1) * size);
          return value;
        }
        const value: unknown = Reflect.get(real, key, real);
        return typeof value === 'function' ? value.bind(real) : value;
      },
      set: (_, key, value) => Reflect.set(real, key, value, real),
    });
  }
}
