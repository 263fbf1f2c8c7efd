// The VP thread's end of the partition's socket to the root partition, and where that thread sleeps: ppoll(2) through the
// engine's foreign function interface, so that an answer wakes the thread that waits for it and no other on the way. The
// socket is non-blocking. What else the thread may be told, it is told by the doorbell, an eventfd(2).
import ffi from 'node:ffi';
import { readSync, writeSync } from 'node:fs';

const POLLIN = 1;
const POLLOUT = 4;
const NS_PER_S = 1_000_000_000;
const READ_BYTES = 256 * 1024;
/** No wait is longer, so that a process that ends does not wait for this thread. */
const LONGEST_MS = 500;

/** Words of what ppoll is given: two of struct pollfd (descriptor, events and results), then struct timespec. */
const [SOCKET, SOCKET_EVENTS, DOORBELL, DOORBELL_EVENTS, SECONDS, NANOSECONDS] = [0, 1, 2, 3, 4, 6];
const POLL_WORDS = 8;

type Ppoll = (descriptors: bigint, count: bigint, timeout: bigint, signals: bigint) => number;
let ppoll: Ppoll | undefined;

/** To be called on the VP's thread while the process may still look for foreign functions. */
export function prepareToWait(): void {
  ppoll ??= ffi.dlopen(null, {
    ppoll: { arguments: ['pointer', 'i64', 'pointer', 'pointer'], return: 'i32' },
  }).functions.ppoll as Ppoll;
}

/** What a wait is for beside the doorbell. */
export interface Interest {
  read: boolean;
  write: boolean;
}

export class FrameSocket {
  readonly #fd: number;
  readonly #doorbellFd: number;
  readonly #words = new Int32Array(new ArrayBuffer(POLL_WORDS * 4));
  readonly #descriptors = ffi.getRawPointer(this.#words.buffer);
  readonly #timeout = this.#descriptors + BigInt(SECONDS * 4);
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #rings = new Uint8Array(8);

  /** @param fd the socket, @param doorbellFd an eventfd; both non-blocking, and their creator's to close */
  constructor(fd: number, doorbellFd: number) {
    prepareToWait();
    this.#fd = fd;
    this.#doorbellFd = doorbellFd;
  }

  /**
   * Sleeps until there is something to read or room to write, as wanted, or the doorbell was rung, or `ms` are over.
   * @returns whether there is something to read
   */
  wait(ms: number, { read, write }: Interest): boolean {
    const words = this.#words;
    words[SOCKET] = read || write ? this.#fd : -1;
    words[SOCKET_EVENTS] = (read ? POLLIN : 0) | (write ? POLLOUT : 0);
    words[DOORBELL] = this.#doorbellFd;
    words[DOORBELL_EVENTS] = POLLIN;
    const ns = Math.min(Math.max(0, ms), LONGEST_MS) * 1_000_000;
    words[SECONDS] = ns / NS_PER_S;
    words[NANOSECONDS] = ns % NS_PER_S;
    if ((ppoll as Ppoll)(this.#descriptors, 2n, this.#timeout, 0n) <= 0) return false;
    if ((words[DOORBELL_EVENTS] as number) >>> 16 !== 0) readSync(this.#doorbellFd, this.#rings);
    // Other results than room to write: bytes, or an end that reading tells of.
    return read && (((words[SOCKET_EVENTS] as number) >>> 16) & ~POLLOUT) !== 0;
  }

  /** What has come, valid until the next call; to be called when `wait` says so. @returns undefined at the end */
  read(): Uint8Array | undefined {
    try {
      const length = readSync(this.#fd, this.#buffer);
      return length > 0 ? this.#buffer.subarray(0, length) : undefined;
    } catch {
      return undefined;
    }
  }

  /** @returns bytes written of `bytes[from, to)`; 0 when the socket is full, -1 when the peer is gone */
  write(bytes: Uint8Array, from: number, to: number): number {
    try {
      return writeSync(this.#fd, bytes, from, to - from);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : -1;
    }
  }
}
