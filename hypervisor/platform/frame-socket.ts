// The VP thread's end of the partition's socket to the root partition, and where that thread sleeps: ppoll(2) through the
// engine's foreign function interface, so that an answer wakes the thread that waits for it and no other on the way. The
// socket is non-blocking. What else the thread may be told, it is told by the doorbell, an eventfd(2); the engine cannot
// end the thread while it sleeps, so whoever ends the process rings first.
import ffi from 'node:ffi';
import { closeSync, readSync, writeSync } from 'node:fs';

const POLLIN = 1;
const POLLOUT = 4;
const noBytes = new Uint8Array(0);
const NS_PER_S = 1_000_000_000;
const READ_BYTES = 256 * 1024;
/** Longer is for ever. */
const LONGEST_MS = 0x7fff_ffff;

/** Words of what ppoll is given: two of struct pollfd (descriptor, events and results), then struct timespec. */
const [SOCKET, SOCKET_EVENTS, DOORBELL, DOORBELL_EVENTS, SECONDS, NANOSECONDS] = [0, 1, 2, 3, 4, 6];
const POLL_WORDS = 8;

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;

interface Functions {
  ppoll: (descriptors: bigint, count: bigint, timeout: bigint, signals: bigint) => number;
  epoll_create1: (flags: number) => number;
  epoll_ctl: (set: number, operation: number, fd: number, event: bigint) => number;
  epoll_wait: (set: number, events: number, count: number, ms: number) => number;
}
let functions: Functions | undefined;

/** To be called on the VP's thread while the process may still look for foreign functions. */
export function prepareToWait(): void {
  functions ??= ffi.dlopen(null, {
    ppoll: { arguments: ['pointer', 'i64', 'pointer', 'pointer'], return: 'i32' },
    epoll_create1: { arguments: ['i32'], return: 'i32' },
    epoll_ctl: { arguments: ['i32', 'i32', 'i32', 'pointer'], return: 'i32' },
    // A null pointer as a number: a call of numbers alone takes the engine tens of nanoseconds, one with an address half
    // a microsecond.
    epoll_wait: { arguments: ['i32', 'i32', 'i32', 'i32'], return: 'i32' },
  }).functions as unknown as Functions;
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
  readonly #functions: Functions;
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #rings = new Uint8Array(8);
  /** An epoll(7) set of the socket, for reading, and the doorbell. */
  readonly #set: number;

  /** @param fd the socket, @param doorbellFd an eventfd; both non-blocking, and their creator's to close */
  constructor(fd: number, doorbellFd: number) {
    prepareToWait();
    this.#functions = functions as Functions;
    this.#fd = fd;
    this.#doorbellFd = doorbellFd;
    this.#set = this.#functions.epoll_create1(EPOLL_CLOEXEC);
    // struct epoll_event: which events, and data that nobody looks at.
    const event = new Int32Array(new ArrayBuffer(16));
    event[0] = POLLIN;
    const pointer = ffi.getRawPointer(event.buffer);
    const add = (each: number): number => this.#functions.epoll_ctl(this.#set, EPOLL_CTL_ADD, each, pointer);
    if (this.#set < 0 || add(fd) !== 0 || add(doorbellFd) !== 0)
      throw new Error('no epoll set for the socket');
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
    const ns = Math.max(0, ms) * 1_000_000;
    words[SECONDS] = ns / NS_PER_S;
    words[NANOSECONDS] = ns % NS_PER_S;
    const timeout = ms > LONGEST_MS ? 0n : this.#timeout;
    if (this.#functions.ppoll(this.#descriptors, 2n, timeout, 0n) <= 0) return false;
    if ((words[DOORBELL_EVENTS] as number) >>> 16 !== 0) this.#answerDoorbell();
    // Other results than room to write: bytes, or an end that reading tells of.
    return read && (((words[SOCKET_EVENTS] as number) >>> 16) & ~POLLOUT) !== 0;
  }

  /**
   * What `wait(0)` says, for a quarter of its time: the kernel is asked for events without a place to put them, and says 0
   * where there are none, and that it could not where there is one. After a ring it says so, too; `read` finds nothing then.
   */
  hasSomething(): boolean {
    return this.#functions.epoll_wait(this.#set, 0, 1, 0) !== 0;
  }

  #answerDoorbell(): void {
    try {
      readSync(this.#doorbellFd, this.#rings);
    } catch {
      // It was not rung.
    }
  }

  /** What has come, valid until the next call; maybe nothing. @returns undefined at the end */
  read(): Uint8Array | undefined {
    try {
      const length = readSync(this.#fd, this.#buffer);
      return length > 0 ? this.#buffer.subarray(0, length) : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return undefined;
      this.#answerDoorbell();
      return noBytes;
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

  close(): void {
    closeSync(this.#set);
  }
}
