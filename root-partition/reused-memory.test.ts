// The root partition uses some of its memory again and again, for one request and one partition after the other: nothing
// of what was in it is there for the next one.
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FRAME_DATA, FRAME_OPEN } from '../hypervisor/abi/frames.ts';
import { socketPair } from '../hypervisor/isolation/socket-pair.ts';
import { encodeFrame } from '../hypervisor/vmbus/frame-header.ts';
import type { Channel } from './channel.ts';
import { Connection } from './connection.ts';
import type { Device } from './device.ts';
import { StorageService } from './storage/service.ts';
import type { BufferRange, Volume, VolumeDone } from './storage/volume.ts';
import { storagePacket } from './testing/packets.ts';
import { Throttle } from './throttle.ts';

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** A partition's end, and the payloads that its device has got, which against the rules it keeps. */
function connect(): { partition: Socket; kept: Uint8Array[]; arrival: () => Promise<void>; end: () => void } {
  const [ours, theirs] = socketPair();
  const kept: Uint8Array[] = [];
  let arrived = Promise.withResolvers<void>();
  const device: Device = {
    service: 1,
    label: 'keeper',
    inFlightLimit: Number.POSITIVE_INFINITY,
    open: () => {},
    close: () => {},
    receive: (_channel, payload) => {
      kept.push(payload);
      expect(isZero(payload)).toBe(false);
      setImmediate(arrived.resolve);
    },
    statistics: () => ({}),
    release: () => Promise.resolve(),
  };
  const connection = new Connection(ours, [device], new Throttle(), {
    onBrokered: () => {},
    onEnd: () => {},
  });
  const partition = new Socket({ fd: theirs, readable: true, writable: true });
  return {
    partition,
    kept,
    async arrival() {
      await arrived.promise;
      arrived = Promise.withResolvers();
    },
    end() {
      connection.end('disconnected', 'test');
      partition.destroy();
    },
  };
}

const secret = new TextEncoder().encode('secret of a tenant');

describe('memory that is used again', () => {
  it('holds nothing of the packets of a turn once it is over, where it is shared', async () => {
    const { partition, kept, arrival, end } = connect();
    const packets = Array.from({ length: 3 }, () => encodeFrame(FRAME_DATA, 1, secret));
    partition.write(Buffer.concat([encodeFrame(FRAME_OPEN, 1), ...packets]));
    await arrival();
    expect(kept.map(isZero)).toEqual([true, true, true]);
    end();
  });

  it("is a partition's own where pieces of one length come again and again", async () => {
    const ends = [connect(), connect()];
    for (const { partition } of ends) partition.write(encodeFrame(FRAME_OPEN, 1));
    for (let round = 0; round < 6; round++) {
      for (const { partition, arrival } of ends) {
        partition.write(encodeFrame(FRAME_DATA, 1, secret));
        await arrival();
      }
    }
    const [ours = [], theirs = []] = ends.map(({ kept }) => kept.slice(-3).map(({ buffer }) => buffer));
    expect(new Set(ours).size).toBe(1);
    expect(new Set(theirs).size).toBe(1);
    expect(ours[0]).not.toBe(theirs[0]);
    expect(ends.flatMap(({ kept }) => kept.slice(0, 2)).every(isZero)).toBe(true);
    for (const { end } of ends) end();
  });

  it.each([100, 4096, 70_000])(
    'holds nothing of a request for %i bytes when the next one gets it',
    (length) => {
      const seen: boolean[] = [];
      const buffers = new Set<ArrayBufferLike>();
      const note = ({ bytes }: BufferRange): void => {
        buffers.add(bytes.buffer);
      };
      const volume = {
        capacityBytes: 1 << 20,
        isReadOnly: false,
        canDiscard: false,
        read(range: BufferRange, _offset: number, done: VolumeDone): void {
          note(range);
          seen.push(isZero(range.bytes));
          range.bytes.fill(7, range.at, range.at + range.length);
          done(0);
        },
        write(range: BufferRange, _offset: number, done: VolumeDone): void {
          note(range);
          seen.push(isZero(range.bytes.subarray(range.at + range.length)));
          done(0);
        },
      } as unknown as Volume;
      const channel = {
        generation: 1,
        beginRequest: () => {},
        settleRequest: () => {},
        beginCompletion: () => -1,
        outgoingBytes: new Uint8Array(0),
      } as unknown as Channel;
      const service = new StorageService('disk0', volume);
      const wholeBlocks = (length + 511) & ~511;
      for (let round = 0; round < 3; round++) {
        const data = new Uint8Array(wholeBlocks).fill(9);
        service.receive(channel, storagePacket({ operation: 2, data }), 1, 0);
        service.receive(channel, storagePacket({ operation: 1, length: wholeBlocks }), 2, 0);
      }
      expect(seen).toEqual(Array(6).fill(true));
      // It is the same memory.
      expect(buffers.size).toBe(1);
    },
  );
});
