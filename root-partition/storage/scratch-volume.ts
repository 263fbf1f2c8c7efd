// A volume in memory, for disks that need not outlive their partition. Space is taken as it is written.
import { STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import type { BufferRange, Volume, VolumeDone } from './volume.ts';

const CHUNK_BYTES = 64 * 1024;
export const SCRATCH_LIMIT_BYTES = 1024 * 1024 * 1024;

export class ScratchVolume implements Volume {
  readonly capacityBytes: number;
  readonly isReadOnly = false;
  readonly canDiscard = true;
  readonly #chunks = new Map<number, Uint8Array>();

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  read(range: BufferRange, offset: number, done: VolumeDone): void {
    this.#walk(offset, range.length, (index, from, to, passed) => {
      const chunk = this.#chunks.get(index);
      const at = range.at + passed;
      if (chunk === undefined) range.bytes.fill(0, at, at + to - from);
      else range.bytes.set(chunk.subarray(from, to), at);
    });
    done(STORAGE_STATUS_OK);
  }

  write(range: BufferRange, offset: number, done: VolumeDone): void {
    this.#walk(offset, range.length, (index, from, to, passed) => {
      let chunk = this.#chunks.get(index);
      if (chunk === undefined) {
        chunk = new Uint8Array(CHUNK_BYTES);
        this.#chunks.set(index, chunk);
      }
      chunk.set(range.bytes.subarray(range.at + passed, range.at + passed + to - from), from);
    });
    done(STORAGE_STATUS_OK);
  }

  flush(done: VolumeDone): void {
    done(STORAGE_STATUS_OK);
  }

  discard(offset: number, length: number, done: VolumeDone): void {
    this.#walk(offset, length, (index, from, to) => {
      if (to - from === CHUNK_BYTES) this.#chunks.delete(index);
      else this.#chunks.get(index)?.fill(0, from, to);
    });
    done(STORAGE_STATUS_OK);
  }

  writeZeroes(offset: number, length: number, done: VolumeDone): void {
    this.discard(offset, length, done);
  }

  #walk(
    offset: number,
    length: number,
    visit: (index: number, from: number, to: number, passed: number) => void,
  ): void {
    for (let passed = 0; passed < length; ) {
      const from = (offset + passed) % CHUNK_BYTES;
      const to = Math.min(CHUNK_BYTES, from + length - passed);
      visit(Math.floor((offset + passed) / CHUNK_BYTES), from, to, passed);
      passed += to - from;
    }
  }

  close(): Promise<void> {
    this.#chunks.clear();
    return Promise.resolve();
  }
}
