// Someone attached to a console: a socket that gets output and gives input. A reader that does not take its output
// loses some of it (counted); one that gives more input than the guest takes is not read for a while.
import { Socket } from 'node:net';

/** What may wait for a slow reader beyond the scroll-back that it was given first. */
const BACKLOG_LIMIT_BYTES = 1024 * 1024;

export interface ReaderEvents {
  onInput: (bytes: Uint8Array) => void;
  onEnd: () => void;
}

export class ConsoleReader {
  readonly #socket: Socket;
  readonly #limitBytes: number;
  #droppedBytes = 0;
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
    this.#socket.on('data', events.onInput);
    this.#socket.on('end', end);
    this.#socket.on('error', end);
    this.#socket.on('close', end);
    if (scrollBack.length > 0) this.#socket.write(scrollBack);
  }

  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Passes output on; the bytes must not change afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#socket.writableLength + bytes.length > this.#limitBytes) this.#droppedBytes += bytes.length;
    else this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Detaches; output that is waiting still goes out if the reader takes it. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }
}
