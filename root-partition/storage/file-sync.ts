// Makes what was written to a file durable. Requests that come while one is carried out share the next one, so a guest
// that floods a disk with flushes keeps one of the engine's few file threads busy and not all of them.
//
// After a failure every later sync fails as well: the kernel reports lost writes once and then takes them for written,
// so an answer of OK would be a lie.
import { fdatasync } from 'node:fs';
import { STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import { statusOfError, type VolumeDone } from './volume.ts';

/** fdatasync(2), or what stands for it in a test. */
export type SyncFunction = (fd: number, done: (error: NodeJS.ErrnoException | null) => void) => void;

export class FileSync {
  readonly #fd: number;
  readonly #sync: SyncFunction;
  #waiting: VolumeDone[] = [];
  #isRunning = false;
  #status = STORAGE_STATUS_OK;

  constructor(fd: number, sync: SyncFunction = fdatasync) {
    this.#fd = fd;
    this.#sync = sync;
  }

  /** Calls back when every write that is complete now is durable, or is known not to be. */
  request(done: VolumeDone): void {
    this.#waiting.push(done);
    if (!this.#isRunning) this.#run();
  }

  #run(): void {
    const sharing = this.#waiting;
    this.#waiting = [];
    this.#isRunning = true;
    this.#sync(this.#fd, (error) => {
      if (error !== null && this.#status === STORAGE_STATUS_OK) this.#status = statusOfError(error);
      this.#isRunning = false;
      for (const done of sharing) done(this.#status);
      if (this.#waiting.length > 0 && !this.#isRunning) this.#run();
    });
  }
}
