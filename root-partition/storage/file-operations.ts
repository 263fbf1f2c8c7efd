// Files behind volumes: whole reads and writes on a descriptor, locks, holes, and the size of a block device. The last
// three go through the engine's foreign function interface because Node does not offer them.
import ffi from 'node:ffi';
import { closeSync, fstatSync, read, write } from 'node:fs';
import { STORAGE_STATUS_IO_ERROR, STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import { type BufferRange, statusOfError, type VolumeDone, VolumeError } from './volume.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const SEEK_END = 2;
const RWF_NOWAIT = 8;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const FALLOC_FL_ZERO_RANGE = 0x10;

interface Libc {
  flock: (fd: number, operation: number) => number;
  fallocate: (fd: number, mode: number, offset: bigint, length: bigint) => number;
  lseek: (fd: number, offset: bigint, whence: number) => bigint;
  preadv2: (fd: number, vectors: bigint, count: number, offset: bigint, flags: number) => bigint;
}

let loaded: Libc | undefined;
const libc = (): Libc => {
  loaded ??= ffi.dlopen(null, {
    flock: { arguments: ['i32', 'i32'], return: 'i32' },
    fallocate: { arguments: ['i32', 'i32', 'i64', 'i64'], return: 'i32' },
    lseek: { arguments: ['i32', 'i64', 'i32'], return: 'i64' },
    preadv2: { arguments: ['i32', 'pointer', 'i32', 'i64', 'i32'], return: 'i64' },
  }).functions as Libc;
  return loaded;
};

/** Reads up to this size are tried at once: the way to a file thread and back costs more than the copy. */
const READ_NOW_BYTES = 16 * 1024;
/** One iovec: address and length. */
const vector = new BigUint64Array(new ArrayBuffer(16));

/** Reads what the kernel has in memory, without waiting for a disk; false when it has not all of it. */
function readNow(fd: number, { bytes, at, length }: BufferRange, position: number): boolean {
  vector[0] = ffi.getRawPointer(bytes) + BigInt(at);
  vector[1] = BigInt(length);
  const count = libc().preadv2(fd, ffi.getRawPointer(vector), 1, BigInt(position), RWF_NOWAIT);
  return Number(count) === length;
}

/** Reads exactly the range; a file that ends before is an I/O error. */
export function readWholly(fd: number, range: BufferRange, position: number, done: VolumeDone): void {
  const { bytes, at, length } = range;
  if (length === 0 || (length <= READ_NOW_BYTES && readNow(fd, range, position))) {
    done(STORAGE_STATUS_OK);
    return;
  }
  read(fd, bytes, at, length, position, (error, count) => {
    if (error !== null) return done(statusOfError(error));
    if (count === length) return done(STORAGE_STATUS_OK);
    if (count === 0) return done(STORAGE_STATUS_IO_ERROR);
    readWholly(fd, { bytes, at: at + count, length: length - count }, position + count, done);
  });
}

export function writeWholly(fd: number, range: BufferRange, position: number, done: VolumeDone): void {
  const { bytes, at, length } = range;
  if (length === 0) {
    done(STORAGE_STATUS_OK);
    return;
  }
  write(fd, bytes, at, length, position, (error, count) => {
    if (error !== null) return done(statusOfError(error));
    if (count === length) return done(STORAGE_STATUS_OK);
    if (count === 0) return done(STORAGE_STATUS_IO_ERROR);
    writeWholly(fd, { bytes, at: at + count, length: length - count }, position + count, done);
  });
}

/** Gives the range's space back; false when the file system cannot. */
export function punchHole(fd: number, offset: number, length: number): boolean {
  return (
    libc().fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, BigInt(offset), BigInt(length)) === 0
  );
}

/** Zeroes the range and keeps its space; false when the file system cannot. */
export function zeroRange(fd: number, offset: number, length: number): boolean {
  return (
    libc().fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, BigInt(offset), BigInt(length)) === 0
  );
}

/** Files in use by this process: `dev:ino` → users, or 'writer'. flock does not tell apart two volumes that were
 *  given the same open file. */
const inUse = new Map<string, number | 'writer'>();

/** A regular file (or block device) held by a volume, with its lock. */
export class VolumeFile {
  readonly fd: number;
  readonly sizeBytes: number;
  readonly #key: string;
  readonly #isWriter: boolean;

  /** Takes ownership of `fd` unless it throws. @throws VolumeError */
  constructor(fd: number, isWriter: boolean) {
    const status = fstatSync(fd);
    if (!status.isFile() && !status.isBlockDevice()) {
      throw new VolumeError('VOLUME_UNUSABLE', 'a volume must be a regular file or a block device');
    }
    this.fd = fd;
    // A block device's size is where its end is; several nodes may stand for one device.
    this.sizeBytes = status.isFile() ? status.size : Number(libc().lseek(fd, 0n, SEEK_END));
    this.#key = status.isFile() ? `${status.dev}:${status.ino}` : `device ${status.rdev}`;
    this.#isWriter = isWriter;
    const users = inUse.get(this.#key);
    const isFree = users === undefined || (users !== 'writer' && !isWriter);
    if (!isFree || libc().flock(fd, (isWriter ? LOCK_EX : LOCK_SH) | LOCK_NB) !== 0) {
      throw new VolumeError('VOLUME_LOCKED', 'another partition uses this file, and one of them writes it');
    }
    inUse.set(this.#key, isWriter ? 'writer' : ((users as number | undefined) ?? 0) + 1);
  }

  /** What tells this file from another: device and inode. */
  get identity(): string {
    return this.#key;
  }

  /** Gives the lock up but not the descriptor. */
  unlock(): void {
    const users = inUse.get(this.#key);
    if (this.#isWriter || users === 1) inUse.delete(this.#key);
    else if (typeof users === 'number') inUse.set(this.#key, users - 1);
    libc().flock(this.fd, LOCK_UN);
  }

  close(): void {
    this.unlock();
    closeSync(this.fd);
  }
}
