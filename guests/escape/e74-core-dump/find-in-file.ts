// Looks for a text in a file that may be larger than memory, most of it holes.
import { closeSync, openSync, readSync } from 'node:fs';

const PIECE_BYTES = 8 * 1024 * 1024;

export function findInFile(path: string, text: string): boolean {
  const fd = openSync(path, 'r');
  const piece = Buffer.alloc(PIECE_BYTES);
  try {
    // Pieces overlap, so that what lies across their edge is found.
    for (let at = 0; ; at += PIECE_BYTES - text.length) {
      const length = readSync(fd, piece, 0, PIECE_BYTES, at);
      if (piece.subarray(0, length).includes(text)) return true;
      if (length < PIECE_BYTES) return false;
    }
  } finally {
    closeSync(fd);
  }
}
