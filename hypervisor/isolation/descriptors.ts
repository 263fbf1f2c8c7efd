// File descriptors as plain numbers.
import { closeSync } from 'node:fs';

/** Closes a descriptor that may already be gone. */
export function closeDescriptor(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADF') throw error;
  }
}
