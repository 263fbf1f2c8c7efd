// A manifest for tests, over files with known contents.
import { createHash } from 'node:crypto';
import { type ImageManifest, MANIFEST_SCHEMA } from '../manifest.ts';

export const SAMPLE_FILES: Readonly<Record<string, string>> = {
  kernel: 'kernel bytes',
  initramfs: 'initramfs bytes',
};

export function sampleManifest(change: Partial<ImageManifest> = {}): ImageManifest {
  const files = Object.entries(SAMPLE_FILES).map(([name, text]) => [
    name,
    { sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length },
  ]);
  return {
    schema: MANIFEST_SCHEMA,
    name: 'sample',
    id: '0'.repeat(32),
    requestId: 'r'.repeat(32),
    createdAt: '2026-01-01T00:00:00.000Z',
    architecture: 'riscv64',
    kernelRelease: '1.2.3',
    index: { suite: 'suite', isExpired: false },
    packages: [],
    files: Object.fromEntries(files),
    profiles: {
      stock: { commandLine: 'quiet', initramfs: 'initramfs' },
      fast: { commandLine: 'quiet more', initramfs: 'initramfs' },
    },
    defaultProfile: 'stock',
    consoles: [
      { device: 'ttyS0', kind: 'uart-16550' },
      { device: 'hvc0', kind: 'virtio-console' },
    ],
    readyPattern: '# $',
    minimumMemoryMiB: 64,
    ...change,
  };
}
