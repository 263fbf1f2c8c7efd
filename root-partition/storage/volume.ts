// The contract between the storage service and what keeps the bytes. Callbacks, not promises: a request costs no
// more objects than it must. Ranges have been checked; buffers belong to the caller until `done`.
import { STORAGE_STATUS_IO_ERROR, STORAGE_STATUS_NO_SPACE } from '../../hypervisor/abi/channels/storage.ts';

/** Gets STORAGE_STATUS_*; may be called before the operation's function returns. */
export type VolumeDone = (status: number) => void;

/** A place in a buffer, and how many bytes there. */
export interface BufferRange {
  bytes: Uint8Array;
  at: number;
  length: number;
}

export interface Volume {
  readonly capacityBytes: number;
  readonly isReadOnly: boolean;
  /** Whether discarding gives space back. */
  readonly canDiscard: boolean;
  read(range: BufferRange, offset: number, done: VolumeDone): void;
  write(range: BufferRange, offset: number, done: VolumeDone): void;
  /** Makes every write that is done durable. */
  flush(done: VolumeDone): void;
  /** Afterwards the range reads as zeros; space is given back where possible. */
  discard(offset: number, length: number, done: VolumeDone): void;
  writeZeroes(offset: number, length: number, done: VolumeDone): void;
  /** Nothing is in flight any more. Files and locks are given up. */
  close(): Promise<void>;
}

export function statusOfError(error: NodeJS.ErrnoException): number {
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG'
    ? STORAGE_STATUS_NO_SPACE
    : STORAGE_STATUS_IO_ERROR;
}

/** A volume cannot be made from what it was given. */
export class VolumeError extends Error {
  readonly code: 'VOLUME_LOCKED' | 'VOLUME_UNUSABLE' | 'OVERLAY_MALFORMED' | 'OVERLAY_MISMATCH';

  constructor(code: VolumeError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
