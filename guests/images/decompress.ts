// Decompression with a limit: a kilobyte can stand for a gigabyte.
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { ImageError } from './image-error.ts';

/** Larger than any kernel or module that we take. */
export const MAX_DECOMPRESSED_BYTES = 2 ** 29;

export type Compression = 'gzip' | 'zstd';

/** @throws ImageError `package-corrupt`: damaged, or more than `limitBytes` */
export function decompress(
  compression: Compression,
  bytes: Uint8Array,
  what: string,
  limitBytes = MAX_DECOMPRESSED_BYTES,
): Buffer {
  const run = compression === 'gzip' ? gunzipSync : zstdDecompressSync;
  try {
    return run(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    throw new ImageError('package-corrupt', `${what} cannot be decompressed`, {
      expected: `${compression} data of at most ${limitBytes} bytes`,
      came: (cause as Error).message,
      cause,
    });
  }
}
