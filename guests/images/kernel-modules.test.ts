import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { CpioTree } from './cpio.ts';
import { addModules, cutSignature, loadModules } from './kernel-modules.ts';
import type { TarMember } from './tar-reader.ts';
import { makeModule, signModule } from './testing/elf-fixture.ts';

const release = '1.2.3-test';
const root = `usr/lib/modules/${release}`;

const file = (data: Buffer): TarMember => ({ type: 'file', mode: 0o644, data });

/** Modules given as name → dependencies. */
const members = (graph: Record<string, string>): Map<string, TarMember> =>
  new Map(
    Object.entries(graph).map(([name, depends]) => [
      `${root}/kernel/${name}.ko`,
      file(makeModule([`depends=${depends}`, `alias=test:${name}`])),
    ]),
  );

const textOf = (tree: CpioTree, path: string): string => {
  const entry = tree.get(path);
  return entry?.type === 'file' ? Buffer.from(entry.data).toString() : '';
};

describe('loadModules', () => {
  it('takes what is wanted and all that it needs, once', async () => {
    const graph = members({ top: 'left,right', left: 'base', right: 'base', base: '', other: '' });
    const names = (await loadModules(graph, release, ['top', 'base'])).map((module) => module.name);
    expect(names.sort()).toEqual(['base', 'left', 'right', 'top']);
  });

  it('treats - and _ alike, and leaves out what is built in', async () => {
    const graph = members({ 'virtio-rng': 'rng-core' });
    graph.set(`${root}/modules.builtin`, file(Buffer.from('kernel/drivers/rng-core.ko\n')));
    expect((await loadModules(graph, release, ['virtio_rng'])).map((module) => module.name)).toEqual([
      'virtio_rng',
    ]);
  });

  it('takes what a module asks for at run time, or its generic form, where there is such a module', async () => {
    const graph = members({ 'crc32c-generic': '', plain: '' });
    const ext4 = makeModule(['depends=', 'softdep=pre: crypto-crc32c plain gone post: other']);
    graph.set(`${root}/kernel/ext4.ko`, file(ext4));
    const tree: CpioTree = new Map();
    addModules(tree, release, await loadModules(graph, release, ['ext4']));
    expect(textOf(tree, `${root}/modules.dep`)).toContain(
      'kernel/ext4.ko: kernel/plain.ko kernel/crc32c-generic.ko',
    );
  });

  it('names a missing module and who depends on it', async () => {
    const loading = loadModules(members({ top: 'gone' }), release, ['top']);
    await expect(loading).rejects.toMatchObject({ code: 'module-missing', came: 'top depends on it' });
  });

  it('ends when modules depend on each other', async () => {
    expect(await loadModules(members({ a: 'b', b: 'a' }), release, ['a'])).toHaveLength(2);
  });

  it.each([
    ['xz', (bytes: Buffer) => execFileSync('xz', ['-c'], { input: bytes })],
    ['zst', zstdCompressSync],
    ['gz', gzipSync],
  ])('reads modules compressed with %s', async (suffix, compress) => {
    const plain = makeModule(['depends=']);
    const graph = new Map([[`${root}/kernel/fs/one.ko.${suffix}`, file(compress(plain))]]);
    const [module] = await loadModules(graph, release, ['one']);
    expect(module).toMatchObject({ path: 'kernel/fs/one.ko', bytes: plain });
  });

  it.each(['pre:a b', 'pre: a b post: c', 'post: c pre: a b', `pre:${' '.repeat(100_000)}a b`])(
    'reads what softdep asks for first: %s',
    async (softdep) => {
      const graph = members({ a: '', b: '', c: '' });
      graph.set(`${root}/kernel/top.ko`, file(makeModule(['depends=', `softdep=${softdep}`])));
      const names = (await loadModules(graph, release, ['top'])).map((module) => module.name);
      expect(names.sort()).toEqual(['a', 'b', 'top']);
    },
  );

  it('reports a damaged xz stream', async () => {
    const graph = new Map([[`${root}/kernel/one.ko.xz`, file(Buffer.from('not xz'))]]);
    await expect(loadModules(graph, release, ['one'])).rejects.toMatchObject({ code: 'tool-failed' });
  });
});

describe('addModules', () => {
  it('lists dependencies so that loading them from the last to the first works', async () => {
    // b is found first, yet must be loaded before c, which needs it too.
    const graph = members({ a: 'b,c', b: '', c: 'b' });
    const tree: CpioTree = new Map();
    addModules(tree, release, await loadModules(graph, release, ['a']));
    const lines = textOf(tree, `${root}/modules.dep`).trim().split('\n').sort();
    expect(lines).toEqual([
      'kernel/a.ko: kernel/c.ko kernel/b.ko',
      'kernel/b.ko:',
      'kernel/c.ko: kernel/b.ko',
    ]);
    expect(textOf(tree, `${root}/modules.alias`)).toContain('alias test:c c\n');
  });

  it('lists for the boot only modules that are there', async () => {
    const tree: CpioTree = new Map();
    addModules(tree, release, await loadModules(members({ virtio_blk: '' }), release, ['virtio_blk']));
    expect(textOf(tree, 'etc/modules.boot')).toBe('virtio virtio:d00000002v* virtio_blk\n');
  });
});

describe('cutSignature', () => {
  const module = makeModule(['depends=']);

  it('cuts exactly what was appended', () => {
    expect(cutSignature(signModule(module, 461)).equals(module)).toBe(true);
  });

  it('leaves an unsigned module alone', () => {
    expect(cutSignature(module)).toBe(module);
  });

  it('refuses a signature longer than the file', () => {
    const signed = signModule(module, 10);
    signed.writeUInt32BE(0xffff_ffff, signed.length - 28 - 4);
    expect(() => cutSignature(signed)).toThrow(expect.objectContaining({ code: 'elf-invalid' }));
  });
});
