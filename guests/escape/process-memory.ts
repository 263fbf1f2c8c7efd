// Searches the writable memory of another process, as an attacker does who may open it (proc(5), /proc/PID/mem).
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const PIECE_BYTES = 1024 * 1024;
/** Larger mappings are address space that was set aside, not memory in use. */
const LARGEST_MAPPING = 64 * 1024 * 1024;

/** All different texts that match. @throws where the process lets nobody look */
export function searchMemory(pid: string, pattern: RegExp): string[] {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n');
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  const found = new Set<string>();
  try {
    for (const line of maps.filter((each) => each.split(' ')[1]?.startsWith('rw'))) {
      const [from = 0, to = 0] = (line.split(' ')[0] ?? '')
        .split('-')
        .map((digits) => Number.parseInt(digits, 16));
      if (to - from <= LARGEST_MAPPING) searchMapping(fd, { from, to }, pattern, found);
    }
  } finally {
    closeSync(fd);
  }
  return [...found];
}

function searchMapping(
  fd: number,
  { from, to }: { from: number; to: number },
  pattern: RegExp,
  found: Set<string>,
): void {
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let at = from; at < to; at += PIECE_BYTES) {
    try {
      const length = readSync(fd, piece, 0, Math.min(PIECE_BYTES, to - at), at);
      const text = piece.toString('latin1', 0, length);
      for (const match of text.matchAll(new RegExp(pattern, 'g'))) found.add(match[1] ?? match[0]);
    } catch (error) {
      // Not every mapping can be read.
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    }
  }
}
