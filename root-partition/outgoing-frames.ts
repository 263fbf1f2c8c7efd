// Frames on their way to a partition. They collect in one buffer and leave in one write per turn; only when the
// socket is full does the engine's stream take over and tell when there is room again.
import { writeSync } from 'node:fs';
import { FRAME_HEADER_BYTES } from '../hypervisor/abi/frames.ts';
import type { PartitionSocket } from './partition-socket.ts';

const INITIAL_BYTES = 64 * 1024;
/** A buffer that a burst of answers made larger than this is given back. */
const KEPT_BYTES = 1024 * 1024;
/** With more than this waiting, a partition is not reading: it is not read either, and messages to it are dropped. */
export const BACKLOG_LIMIT_BYTES = 256 * 1024;

export class OutgoingFrames {
  readonly #fd: number;
  readonly #socket: PartitionSocket;
  /** Where reserved frames are, and a view of it. May be replaced by `begin`. */
  bytes = new Uint8Array(INITIAL_BYTES);
  view = new DataView(this.bytes.buffer);
  #end = 0;
  /** Bytes that the stream has taken and not yet written. */
  #underway = 0;
  #isOver = false;
  writes = 0;
  /** Called when a socket that was full has taken everything. */
  onDrained: () => void = () => {};

  constructor(fd: number, socket: PartitionSocket) {
    this.#fd = fd;
    this.#socket = socket;
    // The engine may have closed it while it was made.
    this.#isOver = socket.destroyed;
    socket.beforeClose = () => this.end();
  }

  /** Bytes that the partition has not taken. */
  get pendingBytes(): number {
    return this.#end + this.#underway;
  }

  get isFull(): boolean {
    return this.#end + this.#underway > BACKLOG_LIMIT_BYTES;
  }

  /** Reserves a frame; the caller writes its payload to `bytes` at the returned position before it does anything else. */
  begin(kind: number, channelId: number, payloadBytes: number, lo: number, hi: number): number {
    const at = this.#end;
    const end = at + FRAME_HEADER_BYTES + payloadBytes;
    if (end > this.bytes.length) this.#grow(end);
    const view = this.view;
    view.setUint32(at, payloadBytes, true);
    view.setUint32(at + 4, kind | (channelId << 16), true);
    view.setUint32(at + 8, lo, true);
    view.setUint32(at + 12, hi, true);
    this.#end = end;
    return at + FRAME_HEADER_BYTES;
  }

  #grow(needed: number): void {
    let length = this.bytes.length;
    while (length < needed) length *= 2;
    const larger = new Uint8Array(length);
    larger.set(this.bytes.subarray(0, this.#end));
    this.#use(larger);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  /** Writes what has collected, as far as the socket takes it; the rest follows when there is room. */
  flush(): void {
    const end = this.#end;
    if (end === 0 || this.#underway > 0 || this.#isOver) return;
    let written = 0;
    try {
      this.writes++;
      written = writeSync(this.#fd, this.bytes, 0, end);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        // A dead peer shows itself as the socket's end or error as well, with the reason.
        this.#end = 0;
        return;
      }
    }
    if (written === end) {
      this.#end = 0;
      if (this.bytes.length > KEPT_BYTES) this.#use(new Uint8Array(INITIAL_BYTES));
      return;
    }
    this.#handToStream(written);
  }

  #handToStream(written: number): void {
    const rest = this.bytes.subarray(written, this.#end);
    this.#underway = rest.length;
    this.#use(new Uint8Array(INITIAL_BYTES));
    this.#end = 0;
    this.#socket.write(rest, () => {
      this.#underway = 0;
      this.flush();
      if (this.#underway === 0 && !this.#isOver) this.onDrained();
    });
  }

  /** The connection is over, or its descriptor is about to be closed: nothing is written any more. */
  end(): void {
    this.#isOver = true;
    this.#end = 0;
  }
}
