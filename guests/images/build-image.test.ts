// The frame of builds, with a builder that compiles nothing: what is kept of a compiled kernel, and found again.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type CompiledKernel, runBuild } from './build-image.ts';
import type { BuiltImage } from './build-options.ts';
import { kernelSymbols } from './index.ts';

const cacheFolder = mkdtempSync(join(tmpdir(), 'cofferdam-build-'));
afterAll(() => rmSync(cacheFolder, { recursive: true, force: true }));

interface Build {
  image: BuiltImage;
  /** The kernel that the build found to be compiled already. */
  found: CompiledKernel | undefined;
}

async function build(name: string, kernelBuildId: string, hasSymbols: boolean): Promise<Build> {
  let found: CompiledKernel | undefined;
  const image = await runBuild(
    { name, inputs: {} },
    { cacheFolder },
    () => {},
    async (under) => {
      under.resolved([]);
      found = await under.findCompiledKernel(kernelBuildId);
      return {
        index: { suite: 'suite', isExpired: false },
        kernelRelease: '1.2.3',
        kernelBuildId,
        ...(hasSymbols ? { kernelSymbols: 'system-map' } : {}),
        profiles: {
          stock: { commandLine: '', initramfs: 'initramfs' },
          fast: { commandLine: '', initramfs: 'initramfs' },
        },
        minimumMemoryMiB: 64,
        write: async () => {
          for (const file of ['kernel', 'initramfs', ...(hasSymbols ? ['system-map'] : [])])
            writeFileSync(join(under.folder, file), `${file} of ${name}`);
        },
      };
    },
  );
  return { image, found };
}

it('keeps a compiled kernel with its symbols, for other images from equal inputs', async () => {
  const bare = await build('bare', 'k1', false);
  expect(kernelSymbols(bare.image)).toBeUndefined();
  // A kernel without symbols is no use to an image that is to have them.
  const first = await build('first', 'k1', true);
  expect(first.found).toBeUndefined();
  expect(first.image.manifest.files['system-map']?.bytes).toBe('system-map of first'.length);
  expect(readFileSync(kernelSymbols(first.image) as string, 'utf8')).toBe('system-map of first');
  const second = await build('second', 'k1', true);
  expect(second.found).toEqual({
    kernel: join(first.image.folder, 'kernel'),
    symbols: join(first.image.folder, 'system-map'),
  });
  writeFileSync(kernelSymbols(first.image) as string, 'tampered');
  expect((await build('other', 'k2', true)).found).toBeUndefined();
  rmSync(second.image.folder, { recursive: true });
  expect((await build('third', 'k1', true)).found).toBeUndefined();
});
