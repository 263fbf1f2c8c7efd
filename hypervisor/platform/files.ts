// Opens files on the user's behalf; what comes out is a descriptor for the root partition, or bytes.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { HypervisorError } from '../hypervisor-error.ts';

/** Opens a regular file or block device. `create` makes it, empty, where it is missing. */
export function openForPartition(path: string, access: 'read' | 'write' | 'create'): number {
  const flags =
    access === 'read'
      ? constants.O_RDONLY
      : access === 'write'
        ? constants.O_RDWR
        : constants.O_RDWR | constants.O_CREAT;
  let fd: number;
  try {
    // Without waiting: a FIFO would hold everything up until somebody writes to it.
    fd = openSync(path, flags | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    throw new HypervisorError('FILE_UNREADABLE', `cannot open ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const status = fstatSync(fd);
  if (status.isFile() || status.isBlockDevice()) return fd;
  closeSync(fd);
  throw new HypervisorError('FILE_UNREADABLE', `${path} is neither a regular file nor a block device`);
}

/** Creates or empties a file for output. */
export function openOutput(path: string): number {
  try {
    return openSync(path, 'w', 0o644);
  } catch (error) {
    throw new HypervisorError('FILE_UNREADABLE', `cannot write ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** A whole file. */
export function readWholly(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new HypervisorError('FILE_UNREADABLE', `cannot read ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
