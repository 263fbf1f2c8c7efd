// Overlays: the base stays as it was, hostile and damaged files are refused, and a flush means durable.
import {
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STORAGE_STATUS_NO_SPACE, STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import { OVERLAY_CLUSTER_BYTES, OVERLAY_MAP_OFFSET, overlayGeometry } from './overlay-format.ts';
import { OverlayVolume } from './overlay-volume.ts';

const BASE_BYTES = 10 * OVERLAY_CLUSTER_BYTES;
let directory: string;
let base: string;
let overlay: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'overlay-'));
  base = join(directory, 'base');
  overlay = join(directory, 'overlay');
  writeFileSync(base, Buffer.alloc(BASE_BYTES, 'base'));
  writeFileSync(overlay, '');
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = (maxBytes?: number, path = overlay): OverlayVolume =>
  new OverlayVolume(openSync(base, 'r'), openSync(path, 'r+'), maxBytes);
const write = (volume: OverlayVolume, offset: number, length: number, value: number): Promise<number> =>
  new Promise((done) =>
    volume.write({ bytes: new Uint8Array(length).fill(value), at: 0, length }, offset, done),
  );
const flush = (volume: OverlayVolume): Promise<number> => new Promise((done) => volume.flush(done));
const read = async (volume: OverlayVolume, offset: number, length = 512): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length);
  const status = await new Promise((done) => volume.read({ bytes, at: 0, length }, offset, done));
  expect(status).toBe(STORAGE_STATUS_OK);
  return bytes;
};

describe('an overlay volume', () => {
  it('never changes its base, and is as small as what was written', async () => {
    const volume = open();
    expect(await write(volume, 512, 512, 1)).toBe(STORAGE_STATUS_OK);
    await flush(volume);
    await volume.close();
    expect(readFileSync(base).equals(Buffer.alloc(BASE_BYTES, 'base'))).toBe(true);
    expect(statSync(overlay).size).toBe(overlayGeometry(BASE_BYTES).dataOffset + OVERLAY_CLUSTER_BYTES);
  });

  it('keeps what was flushed and nothing half-done when the host dies', async () => {
    const volume = open();
    await write(volume, 0, 4096, 1);
    await flush(volume);
    await write(volume, OVERLAY_CLUSTER_BYTES, 4096, 2);
    // The file as a crash would leave it: the second write's data may be there, the map does not name it.
    const crashed = join(directory, 'crashed');
    copyFileSync(overlay, crashed);
    await volume.close();
    const after = open(undefined, crashed);
    expect((await read(after, 0))[0]).toBe(1);
    expect(Buffer.from(await read(after, OVERLAY_CLUSTER_BYTES)).toString()).toBe('base'.repeat(128));
    await write(after, 5 * OVERLAY_CLUSTER_BYTES, 512, 3);
    expect((await read(after, 0))[0]).toBe(1);
    await after.close();
  });

  it('does not use a discarded cluster again before the map on disk has let go of it', async () => {
    const volume = open();
    await write(volume, 0, OVERLAY_CLUSTER_BYTES, 1);
    await flush(volume);
    await new Promise((done) => volume.discard(0, OVERLAY_CLUSTER_BYTES, done));
    await write(volume, OVERLAY_CLUSTER_BYTES, OVERLAY_CLUSTER_BYTES, 2);
    const crashed = join(directory, 'crashed');
    copyFileSync(overlay, crashed);
    await volume.close();
    const after = open(undefined, crashed);
    expect((await read(after, 0))[0]).not.toBe(2);
    await after.close();
  });

  it('reuses freed clusters after a flush, so that a full overlay has room again', async () => {
    const geometry = overlayGeometry(BASE_BYTES);
    const volume = open(geometry.dataOffset + 2 * OVERLAY_CLUSTER_BYTES);
    expect(await write(volume, 0, 2 * OVERLAY_CLUSTER_BYTES, 1)).toBe(STORAGE_STATUS_OK);
    expect(await write(volume, 4 * OVERLAY_CLUSTER_BYTES, 512, 2)).toBe(STORAGE_STATUS_NO_SPACE);
    expect(await write(volume, 0, 512, 3)).toBe(STORAGE_STATUS_OK);
    await new Promise((done) => volume.discard(0, OVERLAY_CLUSTER_BYTES, done));
    await flush(volume);
    expect(await write(volume, 4 * OVERLAY_CLUSTER_BYTES, 512, 2)).toBe(STORAGE_STATUS_OK);
    expect((await read(volume, OVERLAY_CLUSTER_BYTES))[0]).toBe(1);
    await volume.close();
    expect(statSync(overlay).size).toBe(geometry.dataOffset + 2 * OVERLAY_CLUSTER_BYTES);
  });

  it('can be opened again after clusters were discarded and written many times between flushes', async () => {
    const volume = open();
    expect(await write(volume, 0, BASE_BYTES, 1)).toBe(STORAGE_STATUS_OK);
    await flush(volume);
    for (let round = 2; round < 40; round++) {
      await new Promise((done) => volume.discard(0, BASE_BYTES, done));
      expect(await write(volume, 0, BASE_BYTES, round)).toBe(STORAGE_STATUS_OK);
    }
    await flush(volume);
    await volume.close();
    const geometry = overlayGeometry(BASE_BYTES);
    expect(statSync(overlay).size).toBeLessThanOrEqual(
      geometry.dataOffset + 2 * geometry.clusters * OVERLAY_CLUSTER_BYTES,
    );
    const after = open();
    expect((await read(after, 0, BASE_BYTES)).every((byte) => byte === 39)).toBe(true);
    await after.close();
  });

  it('makes room in a full file by itself when clusters were discarded', async () => {
    const volume = open(overlayGeometry(BASE_BYTES).dataOffset + OVERLAY_CLUSTER_BYTES);
    for (let cluster = 0; cluster < 10; cluster++) {
      expect(await write(volume, cluster * OVERLAY_CLUSTER_BYTES, 512, 1 + cluster)).toBe(STORAGE_STATUS_OK);
      expect(await write(volume, 9 * OVERLAY_CLUSTER_BYTES, 512, 1)).toBe(
        cluster === 9 ? STORAGE_STATUS_OK : STORAGE_STATUS_NO_SPACE,
      );
      const start = cluster * OVERLAY_CLUSTER_BYTES;
      await new Promise((done) => volume.discard(start, OVERLAY_CLUSTER_BYTES, done));
    }
    await volume.close();
  });

  it('keeps both of two small writes to a cluster that is only being copied', async () => {
    const volume = open();
    const statuses = await Promise.all(
      [0, 1, 2, 3].map((block) => write(volume, block * 512, 512, block + 1)),
    );
    expect(statuses).toEqual([0, 0, 0, 0]);
    expect([...(await read(volume, 0, 2048))].filter((_, index) => index % 512 === 0)).toEqual([1, 2, 3, 4]);
    await volume.close();
  });

  it('is refused on another base', async () => {
    await open().close();
    writeFileSync(base, Buffer.alloc(BASE_BYTES, 'else'));
    expect(() => open()).toThrow(expect.objectContaining({ code: 'OVERLAY_MISMATCH' }));
    truncateSync(base, BASE_BYTES - 512);
    expect(() => open()).toThrow(expect.objectContaining({ code: 'OVERLAY_MISMATCH' }));
  });

  it('gives its locks up when it is refused', async () => {
    writeFileSync(overlay, 'not an overlay');
    expect(() => open()).toThrow(expect.objectContaining({ code: 'OVERLAY_MALFORMED' }));
    writeFileSync(overlay, '');
    await open().close();
  });

  it('is refused over itself', () => {
    base = overlay;
    writeFileSync(overlay, Buffer.alloc(4096));
    expect(() => open()).toThrow(expect.objectContaining({ code: 'VOLUME_LOCKED' }));
  });
});

describe('a hostile overlay file', () => {
  const spoil = async (change: (file: Buffer) => Buffer): Promise<void> => {
    const volume = open();
    await write(volume, 0, 512, 1);
    await write(volume, OVERLAY_CLUSTER_BYTES, 512, 2);
    await flush(volume);
    await volume.close();
    writeFileSync(overlay, change(readFileSync(overlay)));
  };
  const header =
    (change: (file: Buffer) => void) =>
    (file: Buffer): Buffer => {
      change(file);
      file.writeUInt32LE(crc32(file.subarray(0, 4092)), 4092);
      return file;
    };
  const entry =
    (cluster: number, value: number) =>
    (file: Buffer): Buffer => {
      file.writeUInt32LE(value, OVERLAY_MAP_OFFSET + cluster * 4);
      return file;
    };
  const attacks: [string, (file: Buffer) => Buffer][] = [
    ['has a wrong checksum', (file) => file.fill(1, 100, 101)],
    ['has a foreign magic', header((file) => file.write('QFI\xfb', 0, 'latin1'))],
    ['has a later version', header((file) => file.writeUInt32LE(2, 8))],
    ['has clusters of 0 bytes', header((file) => file.writeUInt32LE(0, 12))],
    ['has clusters of 4 GiB', header((file) => file.writeUInt32LE(0xffff_ffff, 12))],
    ['names a backing file in reserved bytes', header((file) => file.write('/etc/shadow', 64))],
    ['ends in its header', (file) => file.subarray(0, 4095)],
    ['ends in its map', (file) => file.subarray(0, 8192)],
    ['maps two clusters to the same data', entry(5, 2)],
    ['maps a cluster outside of the file', entry(5, 4)],
    ['maps a cluster to 2^32 - 1', entry(5, 0xffff_ffff)],
    ['maps past the end of the base', entry(10, 1)],
  ];
  it.each(attacks)('is refused when it %s', async (_what, change) => {
    await spoil(change);
    expect(() => open()).toThrow(expect.objectContaining({ code: 'OVERLAY_MALFORMED' }));
  });

  it('of another base size is a mismatch, however large', async () => {
    await spoil(header((file) => file.writeBigUInt64LE(2n ** 63n, 16)));
    expect(() => open()).toThrow(expect.objectContaining({ code: 'OVERLAY_MISMATCH' }));
  });

  it('that was not spoilt is accepted', async () => {
    await spoil((file) => file);
    const volume = open();
    expect((await read(volume, OVERLAY_CLUSTER_BYTES))[0]).toBe(2);
    await volume.close();
  });
});
