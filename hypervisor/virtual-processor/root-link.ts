// What joins a VP's thread to the root partition: frames go out as the guest makes them, and come in while it waits, for
// an answer, for the time, or for room in the socket.
import type { FrameSocket } from '../platform/frame-socket.ts';
import type { IncomingFrames } from '../vmbus/incoming-frames.ts';
import { BriefPoll } from './brief-poll.ts';
import { CB_SOCKET_LOCK, lock, unlock } from './control-block.ts';

const EVER = Number.POSITIVE_INFINITY;

/** The root partition is gone, or what it sends is no frames: the partition cannot go on. */
export class RootPartitionLost extends Error {}

export class RootLink {
  readonly #words: Int32Array;
  readonly #socket: FrameSocket;
  readonly #incoming: IncomingFrames;
  readonly #look: () => void;
  readonly #poll = new BriefPoll();
  readonly #hasSomething = (): boolean => this.#socket.hasSomething();

  /** @param look called after each wait for room; throws when waiting is to end */
  constructor(words: Int32Array, socket: FrameSocket, incoming: IncomingFrames, look: () => void) {
    this.#words = words;
    this.#socket = socket;
    this.#incoming = incoming;
    this.#look = look;
  }

  /** Waits for the first offers. @throws RootPartitionLost, and what `look` throws */
  awaitOffers(): void {
    while (!this.#incoming.isOffered) {
      this.wait(EVER);
      this.#look();
    }
  }

  /**
   * Takes what has come, or else waits for it, for `ms` at most, and less where looking for a moment was for nothing: what that
   * took is not to be waited once more. @throws RootPartitionLost
   */
  wait(ms: number): void {
    // What the guest has made room for is there for it at once.
    if (this.#incoming.retry()) return;
    const read = !this.#incoming.isFull;
    let hasCome = false;
    if (read && this.#poll.isDue(ms)) hasCome = this.#poll.finds(this.#hasSomething);
    else if (ms > 0) hasCome = this.#socket.wait(ms, { read, write: false });
    else hasCome = read && this.#socket.hasSomething();
    if (hasCome) this.#read();
  }

  /** Writes bytes wholly. @throws RootPartitionLost, and what `look` throws */
  send(bytes: Uint8Array, length: number): void {
    lock(this.#words, CB_SOCKET_LOCK);
    try {
      for (let done = 0; done < length; ) {
        const written = this.#socket.write(bytes, done, length);
        if (written < 0) throw new RootPartitionLost('root partition closed the connection');
        done += written;
        if (written === 0) this.#waitForRoom();
      }
    } finally {
      unlock(this.#words, CB_SOCKET_LOCK);
    }
  }

  /** The root partition does not read a partition that does not read it. */
  #waitForRoom(): void {
    this.#look();
    if (this.#socket.wait(EVER, { read: !this.#incoming.isFull, write: true })) this.#read();
  }

  #read(): void {
    const piece = this.#socket.read();
    if (piece === undefined) throw new RootPartitionLost('root partition closed the connection');
    try {
      this.#incoming.push(piece);
    } catch (error) {
      throw new RootPartitionLost(`root partition: ${(error as Error).message}`, { cause: error });
    }
  }
}
