// One suite for every kind of volume: each behaves as the same array of bytes.
import ffi from 'node:ffi';
import { fsyncSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STORAGE_STATUS_OK } from '../../hypervisor/abi/channels/storage.ts';
import { OverlayVolume } from './overlay-volume.ts';
import { RawVolume } from './raw-volume.ts';
import { ScratchVolume } from './scratch-volume.ts';
import type { Volume } from './volume.ts';

const CAPACITY = 512 * 1024 + 1536;
const seed = Number(process.env['SEED'] ?? 20_261_124);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'volume-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A small generator with a seed, so that a failure can be run again. */
function generator(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const start = (operate: (done: (status: number) => void) => void): Promise<number> => new Promise(operate);

interface Made {
  volume: Volume;
  model: Uint8Array;
  /** The same volume, opened again. */
  reopen?: () => Volume;
}

const kinds: Record<string, () => Made> = {
  raw: () => {
    const path = join(directory, 'raw');
    const model = new Uint8Array(CAPACITY).map((_, index) => index >>> 9);
    writeFileSync(path, model);
    const reopen = (): Volume => new RawVolume(openSync(path, 'r+'), false);
    return { volume: reopen(), model, reopen };
  },
  overlay: () => {
    const [base, overlay] = [join(directory, 'base'), join(directory, 'overlay')];
    const model = new Uint8Array(CAPACITY).map((_, index) => index >>> 10);
    writeFileSync(base, model);
    writeFileSync(overlay, '');
    const reopen = (): Volume => new OverlayVolume(openSync(base, 'r'), openSync(overlay, 'r+'));
    return { volume: reopen(), model, reopen };
  },
  scratch: () => ({ volume: new ScratchVolume(CAPACITY), model: new Uint8Array(CAPACITY) }),
};

async function compare(volume: Volume, model: Uint8Array): Promise<void> {
  const bytes = new Uint8Array(CAPACITY);
  expect(await start((done) => volume.read({ bytes, at: 0, length: CAPACITY }, 0, done))).toBe(
    STORAGE_STATUS_OK,
  );
  expect(Buffer.compare(bytes, model), `seed ${seed}`).toBe(0);
}

describe.each(Object.entries(kinds))('a %s volume', (_kind, make) => {
  it('behaves as an array of bytes under random operations, several in flight', async () => {
    const { volume, model, reopen } = make();
    const random = generator(seed);
    for (let round = 0; round < 40; round++) {
      // Within a round the ranges do not touch each other: eight lanes of their own.
      const inFlight: Promise<number>[] = [];
      for (let lane = 0; lane < 8; lane++) {
        const blocks = Math.floor(CAPACITY / 512 / 8);
        const first = random(blocks);
        const length = (1 + random(blocks - first)) * 512;
        const offset = (lane * blocks + first) * 512;
        const operation = random(5);
        if (operation <= 1) {
          const bytes = new Uint8Array(length).fill(1 + random(255));
          model.set(bytes, offset);
          inFlight.push(start((done) => volume.write({ bytes, at: 0, length }, offset, done)));
        } else if (operation === 2) {
          model.fill(0, offset, offset + length);
          inFlight.push(start((done) => volume.discard(offset, length, done)));
        } else if (operation === 3) {
          model.fill(0, offset, offset + length);
          inFlight.push(start((done) => volume.writeZeroes(offset, length, done)));
        } else {
          inFlight.push(start((done) => volume.flush(done)));
        }
      }
      const statuses = await Promise.all(inFlight);
      expect(statuses.every((status) => status === STORAGE_STATUS_OK)).toBe(true);
    }
    await compare(volume, model);
    await start((done) => volume.flush(done));
    await volume.close();
    if (reopen === undefined) return;
    const again = reopen();
    await compare(again, model);
    await again.close();
  });

  it('clears everything at once', async () => {
    const { volume } = make();
    const bytes = new Uint8Array(CAPACITY).fill(9);
    await start((done) => volume.write({ bytes, at: 0, length: CAPACITY }, 0, done));
    expect(await start((done) => volume.discard(0, CAPACITY, done))).toBe(STORAGE_STATUS_OK);
    await compare(volume, new Uint8Array(CAPACITY));
    await volume.close();
  });

  it('reads into the middle of a buffer and nowhere else', async () => {
    const { volume, model } = make();
    const bytes = new Uint8Array(2048).fill(0xee);
    await start((done) => volume.read({ bytes, at: 512, length: 1024 }, 65_536 - 512, done));
    expect(bytes.subarray(512, 1536)).toEqual(model.subarray(65_024, 66_048));
    expect([...bytes.subarray(0, 512), ...bytes.subarray(1536)].every((byte) => byte === 0xee)).toBe(true);
    await volume.close();
  });
});

describe('a raw volume', () => {
  it('gives a reader every byte of a file that is no multiple of a block, and a writer only whole blocks', async () => {
    const path = join(directory, 'kernel');
    writeFileSync(path, Buffer.alloc(1000, 7));
    const readable = new RawVolume(openSync(path, 'r'), true);
    expect(readable.capacityBytes).toBe(1000);
    await readable.close();
    const writable = new RawVolume(openSync(path, 'r+'), false);
    expect(writable.capacityBytes).toBe(512);
    await writable.close();
  });

  it('answers with an I/O error when the file has shrunk', async () => {
    const path = join(directory, 'shrinking');
    writeFileSync(path, Buffer.alloc(4096));
    const volume = new RawVolume(openSync(path, 'r+'), false);
    truncateSync(path, 1024);
    const bytes = new Uint8Array(1024);
    expect(await start((done) => volume.read({ bytes, at: 0, length: 1024 }, 512, done))).toBe(4);
    await volume.close();
  });

  it('is not opened while another writes the file, whichever came first', async () => {
    const path = join(directory, 'shared');
    writeFileSync(path, Buffer.alloc(4096));
    const open = (isReadOnly: boolean): RawVolume => new RawVolume(openSync(path, 'r+'), isReadOnly);
    const writer = open(false);
    expect(() => open(false)).toThrow(expect.objectContaining({ code: 'VOLUME_LOCKED' }));
    expect(() => open(true)).toThrow(expect.objectContaining({ code: 'VOLUME_LOCKED' }));
    await writer.close();
    const [one, two] = [open(true), open(true)];
    expect(() => open(false)).toThrow(expect.objectContaining({ code: 'VOLUME_LOCKED' }));
    await one.close();
    expect(() => open(false)).toThrow(expect.objectContaining({ code: 'VOLUME_LOCKED' }));
    await two.close();
    await open(false).close();
  });

  it('is a regular file', () => {
    expect(() => new RawVolume(openSync('/dev/zero', 'r'), true)).toThrow('regular file');
  });
});

describe('a read', () => {
  const { posix_fadvise: advise } = ffi.dlopen(null, {
    posix_fadvise: { arguments: ['i32', 'i64', 'i64', 'i32'], return: 'i32' },
  }).functions;
  const DONT_NEED = 4;

  it('gives the same bytes whether they are in memory, partly in memory, or only on the disk', async () => {
    const path = join(directory, 'cold');
    const model = new Uint8Array(1 << 20).map((_, index) => (index >>> 8) ^ index);
    writeFileSync(path, model);
    const fd = openSync(path, 'r+');
    fsyncSync(fd);
    const volume = new RawVolume(fd, true);
    const random = generator(seed);
    for (let round = 0; round < 200; round++) {
      const length = (1 + random(128)) * 512;
      const offset = random((model.length - length) / 512) * 512;
      if (round % 3 === 0) advise(fd, BigInt(0), BigInt(0), DONT_NEED);
      const bytes = new Uint8Array(length);
      expect(await start((done) => volume.read({ bytes, at: 0, length }, offset, done))).toBe(
        STORAGE_STATUS_OK,
      );
      expect(Buffer.compare(bytes, model.subarray(offset, offset + length)), `seed ${seed}`).toBe(0);
    }
    await volume.close();
  });
});
