// Blocking writes to the partition's socket from any of its threads. The descriptor is non-blocking (the main thread
// reads it in its event loop), so a full socket is waited for here: that is the back-pressure a guest feels.
import { writeSync } from 'node:fs';

const RETRY_MS = 1;

/**
 * Writes all of `bytes[0, length)`. `look` is called while the socket is full, and throws when that is to end.
 * @returns false when the peer is gone
 */
export function writeWholly(
  fd: number,
  bytes: Uint8Array,
  length: number,
  waitWord: Int32Array,
  look: () => void,
): boolean {
  let done = 0;
  while (done < length) {
    try {
      done += writeSync(fd, bytes, done, length - done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EAGAIN') return false;
      look();
      Atomics.wait(waitWord, 0, Atomics.load(waitWord, 0), RETRY_MS);
    }
  }
  return true;
}
