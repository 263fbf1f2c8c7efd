import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultCacheFolder, ImageStore, type StoredImage } from './image-store.ts';
import { SAMPLE_FILES, sampleManifest } from './testing/manifest-fixture.ts';

let root: string;
let store: ImageStore;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cofferdam-store-'));
  store = new ImageStore(root);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const id = (digit: number): string => String(digit).repeat(32);

const add = (digit: number, createdAt = `2026-01-0${digit}T00:00:00.000Z`): Promise<StoredImage> =>
  store.withLock('sample', async () => {
    const folder = store.startBuild('sample');
    for (const [name, text] of Object.entries(SAMPLE_FILES)) writeFileSync(join(folder, name), text);
    return store.commit(folder, sampleManifest({ id: id(digit), requestId: `request ${digit}`, createdAt }));
  });

describe('images in the store', () => {
  it('are opened by name, newest first, or by the beginning of their id', async () => {
    await add(1, '2026-05-01T00:00:00.000Z');
    await add(2, '2026-04-01T00:00:00.000Z');
    expect((await store.open('sample')).manifest.id).toBe(id(1));
    expect((await store.open('sample', '22')).manifest.id).toBe(id(2));
    expect(store.list().map((image) => image.manifest.id)).toEqual([id(1), id(2)]);
    expect(store.findByRequest('sample', 'request 2')?.manifest.id).toBe(id(2));
  });

  it('are refused when a file was changed, shortened or removed', async () => {
    const { folder } = await add(1);
    appendFileSync(join(folder, 'initramfs'), 'x');
    await expect(store.open('sample')).rejects.toMatchObject({
      code: 'image-corrupt',
      came: expect.stringContaining('16 bytes'),
      remedy: expect.stringContaining('build it again'),
    });
    writeFileSync(join(folder, 'initramfs'), '');
    await expect(store.open('sample')).rejects.toMatchObject({ code: 'image-corrupt' });
    rmSync(join(folder, 'initramfs'));
    await expect(store.open('sample')).rejects.toMatchObject({ code: 'image-corrupt', came: 'no file' });
  });

  it('are refused when the manifest is damaged, and not listed', async () => {
    const { folder } = await add(1);
    writeFileSync(join(folder, 'manifest.json'), '{');
    await expect(store.open('sample')).rejects.toMatchObject({ code: 'image-corrupt' });
    expect(store.list()).toEqual([]);
    expect(store.remove('sample')).toEqual([id(1)]);
  });

  it('are refused when their manifest is that of another image', async () => {
    const { folder, manifest } = await add(1);
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, id: id(2) }));
    await expect(store.open('sample', '1')).rejects.toMatchObject({ code: 'image-corrupt' });
  });

  it('are removed one by one or all together', async () => {
    await add(1);
    await add(2);
    await add(3);
    expect(store.remove('sample', '1')).toEqual([id(1)]);
    expect(store.remove('sample').sort()).toEqual([id(2), id(3)]);
    expect(readdirSync(join(root, 'images/sample'))).toEqual([]);
    expect(() => store.remove('sample')).toThrow(expect.objectContaining({ code: 'image-not-found' }));
  });

  it('that do not exist are reported with the command that builds them', async () => {
    await expect(store.open('linux')).rejects.toMatchObject({
      code: 'image-not-found',
      remedy: 'build it: cofferdam image build linux',
    });
    await expect(store.open('linux', 'abc')).rejects.toMatchObject({ code: 'image-not-found' });
  });

  it.each(['../escape', 'a/b', '', '.', 'UPPER', '-x', '.lock'])('cannot have the name %j', async (name) => {
    await expect(store.open(name)).rejects.toMatchObject({ code: 'image-name-invalid' });
  });

  it('cannot be reached by an id that is a path', async () => {
    await add(1);
    await expect(store.open('sample', '../sample')).rejects.toMatchObject({ code: 'image-not-found' });
    expect(() => store.remove('sample', '')).toThrow(expect.objectContaining({ code: 'image-not-found' }));
  });
});

describe('the lock of a name', () => {
  it('lets one build run at a time', async () => {
    let running = 0;
    let most = 0;
    const build = (): Promise<void> =>
      store.withLock('sample', async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      });
    await Promise.all([build(), build(), build()]);
    expect(most).toBe(1);
    expect(readdirSync(join(root, 'images/sample'))).toEqual([]);
  });

  it('is given back when the build fails', async () => {
    await expect(store.withLock('sample', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await store.withLock('sample', () => Promise.resolve(7))).toBe(7);
  });

  it('is taken over from a process that is gone, whose half-built image is swept away', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const folder = join(root, 'images/sample');
    mkdirSync(join(folder, `.building-${gone}-abc`), { recursive: true });
    mkdirSync(join(folder, `.building-${process.pid}-abc`));
    writeFileSync(join(folder, '.lock'), String(gone));
    await store.withLock('sample', () => Promise.resolve());
    expect(existsSync(join(folder, `.building-${gone}-abc`))).toBe(false);
    expect(existsSync(join(folder, `.building-${process.pid}-abc`))).toBe(true);
    expect(store.list('sample')).toEqual([]);
  });

  it('can be waited for no longer', async () => {
    const abort = new AbortController();
    await store.withLock('sample', async () => {
      const waiting = store.withLock('sample', () => Promise.resolve(), {
        signal: abort.signal,
        onWait: () => abort.abort(),
      });
      await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    });
  });
});

describe('the cache folder', () => {
  it('follows the XDG specification', () => {
    expect(defaultCacheFolder({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/cofferdam');
    expect(defaultCacheFolder({ XDG_CACHE_HOME: 'relative', HOME: '/h' })).toBe('/h/.cache/cofferdam');
    expect(defaultCacheFolder({ XDG_CACHE_HOME: '', HOME: '/h' })).toBe('/h/.cache/cofferdam');
  });
});
