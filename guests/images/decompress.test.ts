import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress } from './decompress.ts';
import { runCommand } from './subprocess.ts';

const bytes = Buffer.alloc(1000, 'text');

describe.each([
  ['gzip', gzipSync(bytes)],
  ['zstd', zstdCompressSync(bytes)],
] as const)('%s data', (compression, compressed) => {
  it('is decompressed up to the limit', () => {
    expect(decompress(compression, compressed, 'it', 1000)).toEqual(bytes);
  });

  it.each([
    ['larger than the limit', compressed, 999],
    ['cut short', compressed.subarray(0, -5), 1000],
    ['something else', bytes, 1000],
  ])('is refused when it is %s', (_what, data, limit) => {
    expect(() => decompress(compression, data, 'the file', limit)).toThrow(
      expect.objectContaining({ code: 'package-corrupt', message: expect.stringMatching(/^the file /) }),
    );
  });
});

it('a tool that writes without end is ended', async () => {
  const endless = runCommand('sh', ['-c', 'while :; do echo much; done'], { stdoutLimitBytes: 100_000 });
  await expect(endless).rejects.toMatchObject({ code: 'tool-failed', expected: 'at most 100000 bytes' });
});
