// What is taken for a kernel, and what is not.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ImageError } from './image-error.ts';
import { toRiscvImage } from './kernel-image.ts';

const image = Buffer.alloc(64);
image.write('RSC\x05', 0x38, 'latin1');

describe('a kernel image', () => {
  it('is taken as it is, and uncompressed', () => {
    expect(toRiscvImage(image)).toBe(image);
    expect(toRiscvImage(gzipSync(image)).equals(image)).toBe(true);
  });

  const compressed = gzipSync(image);
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['something else', Buffer.alloc(64)],
    ['a beginning', image.subarray(0, 0x3b)],
    ['something else, compressed', gzipSync(Buffer.alloc(64))],
    ['half of a compressed one', compressed.subarray(0, compressed.length / 2)],
    ['a gzip header alone', Buffer.from([0x1f, 0x8b, 8])],
  ])('is not %s', (_what, bytes) => {
    expect(() => toRiscvImage(bytes)).toThrow(ImageError);
  });

  it('is not uncompressed beyond any size that a kernel has', () => {
    // Pieces of gzip may follow each other.
    const piece = gzipSync(Buffer.alloc(32 * 1024 * 1024));
    const bomb = Buffer.concat(Array.from({ length: 9 }, () => piece));
    expect(() => toRiscvImage(bomb)).toThrow(/cannot be decompressed/);
  });
});
