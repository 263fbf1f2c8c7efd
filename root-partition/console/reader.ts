// Someone attached to a console: a socket that gets output and gives input. A reader that does not take its output
// loses some of it (counted); one that gives more input than the guest takes is not read for a while.
import { Socket } from 'node:net';

/** What may wait for a slow reader beyond the scroll-back that it was given first. */
const BACKLOG_LIMIT_BYTES = 1024 * 1024;

export interface ReaderEvents {
  onInput: (bytes: Uint8Array) => void;
  onEnd: () => void;
}

/** Buffers that a burst made larger than this are given back. */
const BUFFER_KEPT_BYTES = 64 * 1024;

export class ConsoleReader {
  readonly #socket: Socket;
  readonly #limitBytes: number;
  // Output collects in one buffer while the socket takes the other: however small a guest's writes are, what waits
  // costs its bytes and not an object for each write.
  #collected = new Uint8Array(4096);
  #collectedBytes = 0;
  #spare = new Uint8Array(4096);
  #underwayBytes = 0;
  #droppedBytes = 0;
  #isDetached = false;
  #isOver = false;

  /** Takes ownership of `fd`, a connected stream socket. */
  constructor(fd: number, scrollBack: Uint8Array, events: ReaderEvents) {
    this.#limitBytes = BACKLOG_LIMIT_BYTES + scrollBack.length;
    this.#socket = new Socket({ fd, readable: true, writable: true });
    const end = (): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#socket.destroy();
      events.onEnd();
    };
    this.#socket.on('data', (bytes: Buffer) => {
      if (!this.#isDetached) events.onInput(bytes);
    });
    this.#socket.on('end', end);
    this.#socket.on('error', end);
    this.#socket.on('close', end);
    if (scrollBack.length > 0) this.write(scrollBack);
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Passes a copy of output on, or drops it. */
  write(bytes: Uint8Array): void {
    if (this.#isOver || this.#isDetached) return;
    if (this.#collectedBytes + this.#underwayBytes + bytes.length > this.#limitBytes) {
      this.#droppedBytes += bytes.length;
      return;
    }
    const end = this.#collectedBytes + bytes.length;
    if (end > this.#collected.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#collected.length));
      larger.set(this.#collected.subarray(0, this.#collectedBytes));
      this.#collected = larger;
    }
    this.#collected.set(bytes, this.#collectedBytes);
    this.#collectedBytes = end;
    if (this.#underwayBytes === 0) this.#send();
  }

  #send(): void {
    const sending = this.#collected;
    const length = this.#collectedBytes;
    this.#collected = this.#spare.length > BUFFER_KEPT_BYTES ? new Uint8Array(4096) : this.#spare;
    this.#collectedBytes = 0;
    this.#spare = sending;
    this.#underwayBytes = length;
    this.#socket.write(sending.subarray(0, length), (error) => {
      this.#underwayBytes = 0;
      if (this.#isOver || error) return;
      if (this.#collectedBytes > 0) this.#send();
      else if (this.#isDetached) this.#socket.end();
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Detaches: takes no more input; output that is waiting still goes out if the reader takes it. */
  end(): void {
    this.#isDetached = true;
    this.#socket.resume();
    if (this.#underwayBytes === 0) this.#socket.end();
  }
}
