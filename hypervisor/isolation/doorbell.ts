// Wakes a VP's thread, wherever it sleeps in FrameSocket.wait: an eventfd(2).
import { closeSync, writeSync } from 'node:fs';
import { mustSystemCall } from './foreign-functions.ts';

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;
const one = new Uint8Array(BigUint64Array.of(1n).buffer);

export class Doorbell {
  readonly fd = mustSystemCall('eventfd2', 0, EFD_NONBLOCK | EFD_CLOEXEC);
  #isClosed = false;

  /** Without effect when closed: the descriptor's number may be another file's by then. */
  ring(): void {
    if (!this.#isClosed) writeSync(this.fd, one);
  }

  close(): void {
    this.#isClosed = true;
    closeSync(this.fd);
  }
}
