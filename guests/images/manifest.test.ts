import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImageError } from './image-error.ts';
import { parseManifest } from './manifest.ts';
import { sampleManifest } from './testing/manifest-fixture.ts';

describe('parseManifest', () => {
  it('gives back what was written', () => {
    const manifest = sampleManifest();
    expect(parseManifest(JSON.stringify(manifest), 'here')).toEqual(manifest);
  });

  it.each<[string, Record<string, unknown>]>([
    ['another schema', { schema: 99 }],
    ['no name', { name: undefined }],
    ['a file name that is a path', { files: { kernel: sampleManifest().files['kernel'], '../x': {} } }],
    ['no kernel', { files: {} }],
    ['a hash that is none', { files: { kernel: { sha256: 'abc', bytes: 1 } } }],
    ['a negative length', { files: { kernel: { sha256: 'a'.repeat(64), bytes: -1 } } }],
    ['a missing profile', { profiles: { stock: sampleManifest().profiles.stock } }],
    [
      'an initramfs that is not there',
      { profiles: { ...sampleManifest().profiles, fast: { commandLine: '', initramfs: 'x' } } },
    ],
    ['an unknown default profile', { defaultProfile: 'slow' }],
    [
      'an initramfs named after a property that all objects have',
      {
        profiles: { ...sampleManifest().profiles, fast: { commandLine: '', initramfs: 'constructor' } },
      },
    ],
    ['symbols that are not there', { kernelSymbols: 'system-map' }],
    ['a value that cannot become a string', { schema: { toString: false } }],
    ['no console', { consoles: [] }],
    ['a pattern that does not compile', { readyPattern: '(' }],
    ['no memory', { minimumMemoryMiB: 0 }],
    ['packages that are no list', { packages: {} }],
    ['a package that is none', { packages: [null] }],
    ['a console of another kind', { consoles: [{ device: 'tty1', kind: 'vga' }] }],
    ['an index without its suite', { index: { isExpired: false } }],
  ])('refuses %s', (_, change) => {
    const text = JSON.stringify({ ...sampleManifest(), ...change });
    expect(() => parseManifest(text, 'here')).toThrow(expect.objectContaining({ code: 'image-corrupt' }));
  });

  it('refuses a value so deep that showing it would take all of the stack, in few words', () => {
    const text = JSON.stringify(sampleManifest()).replace(
      /"schema":1/,
      `"schema":${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    );
    expect(() => parseManifest(text, 'here')).toThrow(/came: schema a list/);
  });

  it('refuses a manifest cut anywhere', () => {
    const text = JSON.stringify(sampleManifest());
    for (let length = 0; length < text.length; length++) {
      expect(() => parseManifest(text.slice(0, length), 'here')).toThrow(ImageError);
    }
  });

  it('ends in an ImageError or a manifest on any JSON', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(sampleManifest())), fc.jsonValue(), (field, value) => {
        try {
          parseManifest(JSON.stringify({ ...sampleManifest(), [field]: value }), 'here');
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
