// The storage service behind a real connection: what guests may ask, and what becomes of late answers.
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  STORAGE_DISCARD,
  STORAGE_FLUSH,
  STORAGE_MAX_TRANSFER_BYTES,
  STORAGE_QUERY,
  STORAGE_READ,
  STORAGE_STATUS_INVALID,
  STORAGE_STATUS_NO_SPACE,
  STORAGE_STATUS_OK,
  STORAGE_STATUS_OUT_OF_RANGE,
  STORAGE_STATUS_READ_ONLY,
  STORAGE_WRITE,
  STORAGE_WRITE_ZEROES,
} from '../../hypervisor/abi/channels/storage.ts';
import { FRAME_CLOSE, FRAME_COMPLETION } from '../../hypervisor/abi/frames.ts';
import { Channel, type ChannelCarrier } from '../channel.ts';
import type { OutgoingFrames } from '../outgoing-frames.ts';
import { InProcessRoot } from '../testing/in-process-root.ts';
import { type StorageFields, storagePacket } from '../testing/packets.ts';
import type { PartitionEnd } from '../testing/partition-end.ts';
import { OverlayVolume } from './overlay-volume.ts';
import { StorageService } from './service.ts';
import { Turns } from './turns.ts';
import { statusOfError, type Volume, type VolumeDone } from './volume.ts';

const CAPACITY = 1 << 20;
let directory: string;
let root: InProcessRoot;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'storage-'));
  root = new InProcessRoot();
});
afterEach(async () => {
  await root.stop();
  rmSync(directory, { recursive: true });
});

const connect = async (contents: Uint8Array, isReadOnly: boolean, partitionId = 1): Promise<PartitionEnd> => {
  const path = join(directory, `disk${partitionId}`);
  writeFileSync(path, contents);
  const file = root.give(openSync(path, isReadOnly ? 'r' : 'r+'));
  const end = await root.connect(partitionId, [
    { service: 'storage', label: 'disk0', volume: { kind: 'raw', file, isReadOnly } },
  ]);
  end.open(1);
  return end;
};

let transaction = 100;
const ask = async (
  end: PartitionEnd,
  packet: Uint8Array,
): Promise<{ status: number; answer: Uint8Array }> => {
  end.data(1, packet, ++transaction);
  const answer = await end.answer(transaction);
  return { status: new DataView(answer.buffer).getUint32(0, true), answer };
};

describe('the storage service', () => {
  it('tells the properties of a volume', async () => {
    const end = await connect(new Uint8Array(1000), true);
    const { status, answer } = await ask(end, storagePacket({ operation: STORAGE_QUERY }));
    const words = [...new Uint32Array(answer.buffer)];
    expect(status).toBe(STORAGE_STATUS_OK);
    expect(words).toEqual([0, 24, 1000, 0, 512, STORAGE_MAX_TRANSFER_BYTES, 1, 0]);
  });

  it('writes, reads back, flushes, discards and zeroes', async () => {
    const end = await connect(new Uint8Array(CAPACITY), false);
    const data = new Uint8Array(8192).map((_, index) => index % 251);
    expect((await ask(end, storagePacket({ operation: STORAGE_WRITE, offset: 4096, data }))).status).toBe(0);
    const read = storagePacket({ operation: STORAGE_READ, offset: 4096, length: 8192 });
    expect((await ask(end, read)).answer.subarray(8)).toEqual(data);
    expect((await ask(end, storagePacket({ operation: STORAGE_FLUSH }))).status).toBe(0);
    await ask(end, storagePacket({ operation: STORAGE_DISCARD, offset: 4096, length: 512 }));
    await ask(end, storagePacket({ operation: STORAGE_WRITE_ZEROES, offset: 8192, length: 512 }));
    data.fill(0, 0, 512).fill(0, 4096, 4608);
    expect((await ask(end, read)).answer.subarray(8)).toEqual(data);
    expect(readFileSync(join(directory, 'disk1')).subarray(4096, 12_288).equals(data)).toBe(true);
  });

  it('reads the tail of a volume that is no multiple of a block, to the last byte', async () => {
    const end = await connect(new Uint8Array(1000).fill(3), true);
    const tail = await ask(end, storagePacket({ operation: STORAGE_READ, offset: 512, length: 488 }));
    expect([...tail.answer.subarray(8)]).toEqual(new Array(488).fill(3));
    const past = await ask(end, storagePacket({ operation: STORAGE_READ, offset: 512, length: 512 }));
    expect(past.status).toBe(STORAGE_STATUS_OUT_OF_RANGE);
    const short = await ask(end, storagePacket({ operation: STORAGE_READ, offset: 512, length: 487 }));
    expect(short.status).toBe(STORAGE_STATUS_INVALID);
  });

  const block = new Uint8Array(512);
  const refused: [string, StorageFields, number][] = [
    ['an unknown operation', { operation: 6 }, STORAGE_STATUS_INVALID],
    ['operation 2^32 - 1', { operation: 0xffff_ffff }, STORAGE_STATUS_INVALID],
    ['a reserved bit', { operation: STORAGE_READ, length: 512, reserved: 1 }, STORAGE_STATUS_INVALID],
    ['an unaligned offset', { operation: STORAGE_READ, offset: 1, length: 512 }, STORAGE_STATUS_INVALID],
    ['an unaligned length', { operation: STORAGE_READ, length: 513 }, STORAGE_STATUS_INVALID],
    ['a read that is too long', { operation: STORAGE_READ, length: 131_584 }, STORAGE_STATUS_INVALID],
    ['a read with data', { operation: STORAGE_READ, length: 512, data: block }, STORAGE_STATUS_INVALID],
    ['a write without data', { operation: STORAGE_WRITE, length: 512 }, STORAGE_STATUS_INVALID],
    [
      'a write with too much data',
      { operation: STORAGE_WRITE, length: 0, data: block },
      STORAGE_STATUS_INVALID,
    ],
    [
      'a read at the end',
      { operation: STORAGE_READ, offset: CAPACITY, length: 512 },
      STORAGE_STATUS_OUT_OF_RANGE,
    ],
    [
      'a read across the end',
      { operation: STORAGE_READ, offset: CAPACITY - 512, length: 1024 },
      STORAGE_STATUS_OUT_OF_RANGE,
    ],
    [
      'an offset of 2^63',
      { operation: STORAGE_READ, offset: 2 ** 63, length: 512 },
      STORAGE_STATUS_OUT_OF_RANGE,
    ],
    [
      'an offset that wraps with its length',
      { operation: STORAGE_DISCARD, offset: 2 ** 64 - 2048, length: 4096 },
      STORAGE_STATUS_OUT_OF_RANGE,
    ],
    [
      'a write past the end',
      { operation: STORAGE_WRITE, offset: CAPACITY, data: block },
      STORAGE_STATUS_OUT_OF_RANGE,
    ],
    ['a discard of 4 GiB', { operation: STORAGE_DISCARD, length: 0xffff_fe00 }, STORAGE_STATUS_OUT_OF_RANGE],
  ];
  it.each(refused)('refuses %s and goes on', async (_what, fields, expected) => {
    const contents = new Uint8Array(CAPACITY).fill(1);
    const end = await connect(contents, false);
    const { status, answer } = await ask(end, storagePacket(fields));
    expect(status).toBe(expected);
    expect(answer.length).toBe(8);
    expect((await ask(end, storagePacket({ operation: STORAGE_READ, length: 512 }))).status).toBe(0);
    expect(readFileSync(join(directory, 'disk1')).every((byte) => byte === 1)).toBe(true);
  });

  it.each([0, 1, 23])('refuses a packet of %i bytes', async (length) => {
    const end = await connect(new Uint8Array(CAPACITY), false);
    expect((await ask(end, new Uint8Array(length))).status).toBe(STORAGE_STATUS_INVALID);
  });

  it('changes nothing on a read-only volume', async () => {
    const end = await connect(new Uint8Array(CAPACITY), true);
    const write = storagePacket({ operation: STORAGE_WRITE, data: block });
    expect((await ask(end, write)).status).toBe(STORAGE_STATUS_READ_ONLY);
    for (const operation of [STORAGE_DISCARD, STORAGE_WRITE_ZEROES]) {
      const packet = storagePacket({ operation, length: 512 });
      expect((await ask(end, packet)).status).toBe(STORAGE_STATUS_READ_ONLY);
    }
    expect((await ask(end, storagePacket({ operation: STORAGE_FLUSH }))).status).toBe(STORAGE_STATUS_OK);
  });

  it('keeps two partitions from writing one disk', async () => {
    await connect(new Uint8Array(CAPACITY), false);
    const file = root.give(openSync(join(directory, 'disk1'), 'r+'));
    const channel = {
      service: 'storage',
      label: 'disk0',
      volume: { kind: 'raw', file, isReadOnly: false },
    } as const;
    await expect(root.connect(2, [channel])).rejects.toMatchObject({ code: 'VOLUME_LOCKED' });
    await root.ask({ type: 'release', partitionId: 1 });
    const again = root.give(openSync(join(directory, 'disk1'), 'r+'));
    await root.connect(2, [{ ...channel, volume: { ...channel.volume, file: again } }]);
  });
});

/** A volume whose operations end when the test says so. */
class HeldVolume implements Volume {
  readonly capacityBytes = CAPACITY;
  readonly isReadOnly = false;
  readonly canDiscard = true;
  readonly held: VolumeDone[] = [];
  readonly #hold = (...rest: unknown[]): void => {
    this.held.push(rest.at(-1) as VolumeDone);
  };
  read = this.#hold;
  write = this.#hold;
  discard = this.#hold;
  writeZeroes = this.#hold;
  flush(done: VolumeDone): void {
    done(0);
  }
  close = (): Promise<void> => Promise.resolve();
}

class Recorder implements ChannelCarrier {
  readonly answers: number[] = [];
  readonly isFull = false;
  inFlightBytes = 0;
  readonly outgoing = {
    bytes: new Uint8Array(1 << 20),
    begin: (kind: number, _channel: number, _bytes: number, lo: number) => {
      if (kind === FRAME_COMPLETION) this.answers.push(lo);
      return 0;
    },
  } as unknown as OutgoingFrames;
  settle(): void {}
  noteAnswer(): void {}
}

describe('shutdown', () => {
  it('waits for what a release that began before it has yet to make durable', async () => {
    const [base, overlay] = ['base', 'overlay'].map((name) => join(directory, name)) as [string, string];
    writeFileSync(base, new Uint8Array(CAPACITY));
    writeFileSync(overlay, '');
    const volume = {
      kind: 'overlay',
      base: root.give(openSync(base, 'r')),
      overlay: root.give(openSync(overlay, 'r+')),
    } as const;
    const end = await root.connect(1, [{ service: 'storage', label: 'disk0', volume }]);
    end.open(1);
    const data = new Uint8Array(4096).fill(7);
    await ask(end, storagePacket({ operation: STORAGE_WRITE, data }));
    void root.ask({ type: 'release', partitionId: 1 });
    expect(await root.ask({ type: 'shutdown' })).toMatchObject({ ok: true });
    // Neither locked any more nor without the write.
    const after = new OverlayVolume(openSync(base, 'r'), openSync(overlay, 'r+'));
    const bytes = new Uint8Array(4096);
    await new Promise((done) => after.read({ bytes, at: 0, length: 4096 }, 0, done));
    expect(bytes).toEqual(data);
    await after.close();
  });
});

describe('an answer that comes late', () => {
  it('is dropped after a close, a reopen and the end of the connection, and frees what it held', () => {
    const volume = new HeldVolume();
    const carrier = new Recorder();
    const channel = new Channel(1, new StorageService('disk0', volume), carrier);
    const read = storagePacket({ operation: STORAGE_READ, length: 4096 });
    channel.accept(4, new Uint8Array(0), 0, 0);
    channel.accept(6, read, 1, 0);
    channel.accept(FRAME_CLOSE, new Uint8Array(0), 0, 0);
    channel.accept(4, new Uint8Array(0), 0, 0);
    channel.accept(6, read, 2, 0);
    volume.held[0]?.(STORAGE_STATUS_OK);
    expect(carrier.answers).toEqual([]);
    volume.held[1]?.(STORAGE_STATUS_NO_SPACE);
    expect(carrier.answers).toEqual([2]);
    channel.accept(6, read, 3, 0);
    channel.rescind();
    volume.held[2]?.(STORAGE_STATUS_OK);
    expect(carrier.answers).toEqual([2]);
    expect(channel.lateAnswers).toBe(2);
    expect([channel.inFlight, carrier.inFlightBytes]).toEqual([0, 0]);
  });
});

describe('several disks of one partition', () => {
  it('carry out four requests at a time, and answer all of them', () => {
    const volume = new HeldVolume();
    const carrier = new Recorder();
    const turns = new Turns();
    const disks = [1, 2].map(
      (id) => new Channel(id, new StorageService(`disk${id}`, volume, turns), carrier),
    );
    for (const disk of disks) {
      disk.accept(4, new Uint8Array(0), 0, 0);
      for (let index = 0; index < 5; index++) {
        const data = new Uint8Array(512).fill(index);
        disk.accept(6, storagePacket({ operation: STORAGE_WRITE, data }), disk.id * 10 + index, 0);
      }
    }
    expect(volume.held.length).toBe(4);
    for (let next = 0; next < volume.held.length; next++) volume.held[next]?.(STORAGE_STATUS_OK);
    expect(carrier.answers).toEqual([10, 11, 12, 13, 14, 20, 21, 22, 23, 24]);
    expect(disks.map((disk) => disk.inFlight)).toEqual([0, 0]);
  });
});

describe('errors of the host', () => {
  it('become no-space or I/O error', () => {
    const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });
    expect(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EBADF'].map((code) => statusOfError(error(code)))).toEqual([
      5, 5, 5, 4, 4,
    ]);
  });
});
