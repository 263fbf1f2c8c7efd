// A volume that is the bytes of one file.
import { STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import { punchHole, readWholly, VolumeFile, writeWholly, zeroRange } from './file-operations.ts';
import { FileSync } from './file-sync.ts';
import type { BufferRange, Volume, VolumeDone } from './volume.ts';

/** Long ranges are cut, so that no partition waits long for another's discard. */
const STEP_BYTES = 64 * 1024 * 1024;
const zeros = new Uint8Array(1024 * 1024);

export class RawVolume implements Volume {
  readonly capacityBytes: number;
  readonly isReadOnly: boolean;
  readonly canDiscard: boolean;
  readonly #file: VolumeFile;
  readonly #sync: FileSync;

  /** Takes ownership of `fd` unless it throws. @throws VolumeError */
  constructor(fd: number, isReadOnly: boolean) {
    this.#file = new VolumeFile(fd, !isReadOnly);
    this.#sync = new FileSync(fd);
    // Only whole blocks can be written; a reader gets every byte.
    this.capacityBytes = isReadOnly
      ? this.#file.sizeBytes
      : this.#file.sizeBytes - (this.#file.sizeBytes % 512);
    this.isReadOnly = isReadOnly;
    this.canDiscard = !isReadOnly;
  }

  read(range: BufferRange, offset: number, done: VolumeDone): void {
    readWholly(this.#file.fd, range, offset, done);
  }

  write(range: BufferRange, offset: number, done: VolumeDone): void {
    writeWholly(this.#file.fd, range, offset, done);
  }

  flush(done: VolumeDone): void {
    if (this.isReadOnly) done(STORAGE_STATUS_OK);
    else this.#sync.request(done);
  }

  discard(offset: number, length: number, done: VolumeDone): void {
    this.#clear(punchHole, offset, length, done);
  }

  writeZeroes(offset: number, length: number, done: VolumeDone): void {
    this.#clear(zeroRange, offset, length, done);
  }

  #clear(step: typeof punchHole, offset: number, length: number, done: VolumeDone): void {
    if (length === 0) {
      done(STORAGE_STATUS_OK);
      return;
    }
    const stepBytes = Math.min(length, STEP_BYTES);
    if (!step(this.#file.fd, offset, stepBytes)) {
      this.#overwrite(offset, length, done);
      return;
    }
    setImmediate(() => this.#clear(step, offset + stepBytes, length - stepBytes, done));
  }

  #overwrite(offset: number, length: number, done: VolumeDone): void {
    if (length === 0) {
      done(STORAGE_STATUS_OK);
      return;
    }
    const stepBytes = Math.min(length, zeros.length);
    writeWholly(this.#file.fd, { bytes: zeros, at: 0, length: stepBytes }, offset, (status) => {
      if (status !== STORAGE_STATUS_OK) return done(status);
      this.#overwrite(offset + stepBytes, length - stepBytes, done);
    });
  }

  close(): Promise<void> {
    this.#file.close();
    return Promise.resolve();
  }
}
