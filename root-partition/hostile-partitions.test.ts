// What hostile partition processes do to the real root partition process (dist, --jitless): it stays as small as it
// was, keeps no descriptors, and a neighbour's I/O is carried out meanwhile (SECURITY: E22, E30, E32, E39).
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_CLOSE, FRAME_COMPLETION, FRAME_DATA, FRAME_OPEN } from '../hypervisor/abi/frames.ts';
import { socketPair } from '../hypervisor/isolation/socket-pair.ts';
import { encodeFrame } from '../hypervisor/vmbus/frame-header.ts';
import type { ChannelConfiguration, RootStatistics } from '../hypervisor/vmbus/root-control.ts';
import { openFiles } from './testing/open-files.ts';
import { consolePacket, storagePacket, words } from './testing/packets.ts';
import { PartitionEnd } from './testing/partition-end.ts';
import { RootProcess } from './testing/root-process.ts';

const DISK_BYTES = 1 << 20;
const MEBIBYTE = 1 << 20;
const ATTACKER = 1;
const NEIGHBOUR = 2;
const STORAGE_READ = 1;
const STORAGE_WRITE = 2;

let directory: string;
let root: RootProcess;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hostile-'));
  root = new RootProcess();
  await root.event(({ type }) => type === 'ready');
});
afterEach(async () => {
  await root.stop();
  rmSync(directory, { recursive: true });
});

const rootFiles = (): number => openFiles(root.process.pid as number);
const residentBytes = (): number => {
  const status = readFileSync(`/proc/${root.process.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
};

const disk = (name: string): ChannelConfiguration => {
  writeFileSync(join(directory, name), Buffer.alloc(DISK_BYTES));
  const file = root.give(openSync(join(directory, name), 'r+'));
  return { service: 'storage', label: 'disk0', volume: { kind: 'raw', file, isReadOnly: false } };
};

async function connect(partitionId: number, channels: ChannelConfiguration[]): Promise<PartitionEnd> {
  const [ours, theirs] = socketPair();
  const name = `partition ${partitionId}`;
  const socket = root.give(theirs);
  expect(await root.ask({ type: 'connect', partitionId, name, socket, channels })).toMatchObject({
    ok: true,
  });
  const end = new PartitionEnd(ours);
  await end.offered();
  for (let channel = 1; channel <= channels.length; channel++) end.open(channel);
  return end;
}

async function statistics(partitionId: number): Promise<RootStatistics> {
  const answer = await root.ask({ type: 'statistics', partitionId });
  return (answer as { statistics: RootStatistics }).statistics;
}

const write = (socket: Socket, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => socket.write(bytes, () => resolve()));
const repeated = (frame: Uint8Array, count: number): Buffer => Buffer.concat(Array(count).fill(frame));

/** Writes a pattern to its disk and reads it back while `isOver` is false, and at least once. */
async function neighbourWorks(neighbour: PartitionEnd, isOver: () => boolean): Promise<number> {
  let rounds = 0;
  do {
    const data = new Uint8Array(4096).fill(++rounds);
    const offset = (rounds % 64) * 4096;
    neighbour.data(1, storagePacket({ operation: STORAGE_WRITE, offset, data }), 2 * rounds);
    expect([...(await neighbour.answer(2 * rounds)).subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    neighbour.data(1, storagePacket({ operation: STORAGE_READ, offset, length: 4096 }), 2 * rounds + 1);
    expect((await neighbour.answer(2 * rounds + 1)).subarray(8).every((byte) => byte === rounds % 256)).toBe(
      true,
    );
  } while (!isOver());
  return rounds;
}

/** Runs the attack beside a working neighbour. */
async function besideNeighbour(attack: () => Promise<void>): Promise<void> {
  const neighbour = await connect(NEIGHBOUR, [disk('neighbour')]);
  let isOver = false;
  const work = neighbourWorks(neighbour, () => isOver);
  await attack();
  isOver = true;
  expect(await work).toBeGreaterThan(0);
  await root.ask({ type: 'release', partitionId: NEIGHBOUR });
  neighbour.socket.destroy();
}

describe('a hostile partition', () => {
  it('that floods its console in single bytes before a stuck reader costs neither memory nor the neighbour', async () => {
    await besideNeighbour(async () => {
      const attacker = await connect(ATTACKER, [{ service: 'console', label: 'console' }]);
      const [reader, theirs] = socketPair();
      await root.ask({
        type: 'attach-console',
        partitionId: ATTACKER,
        readerId: 1,
        socket: root.give(theirs),
      });
      const before = residentBytes();
      const block = repeated(encodeFrame(FRAME_DATA, 1, consolePacket('x')), 20_000);
      for (let round = 0; round < 30; round++) await write(attacker.socket, block);
      attacker.socket.end();
      await root.event((event) => event.type === 'connection-ended' && event.partitionId === ATTACKER);
      expect((await statistics(ATTACKER))['console.outputBytes']).toBe(600_000);
      expect(residentBytes() - before).toBeLessThan(64 * MEBIBYTE);
      new Socket({ fd: reader }).destroy();
    });
  });

  it('that asks for much and reads nothing gets no more memory than its limits', async () => {
    await besideNeighbour(async () => {
      const attacker = await connect(ATTACKER, [disk('attacker'), { service: 'entropy', label: 'entropy' }]);
      attacker.socket.pause();
      const before = residentBytes();
      const read = encodeFrame(FRAME_DATA, 1, storagePacket({ operation: STORAGE_READ, length: 131_072 }));
      const random = encodeFrame(FRAME_DATA, 2, words(4096, 0));
      attacker.socket.write(Buffer.concat([repeated(read, 4000), repeated(random, 20_000)]));
      while ((await statistics(ATTACKER))['bytesWaiting'] === 0);
      const waiting = await statistics(ATTACKER);
      expect(waiting['readStops']).toBeGreaterThan(0);
      expect(residentBytes() - before).toBeLessThan(64 * MEBIBYTE);
      attacker.socket.destroy();
    });
  });

  it('that opens and closes its disk while requests are in flight gets no answer that is too late', async () => {
    const filesBefore = rootFiles();
    await besideNeighbour(async () => {
      const attacker = await connect(ATTACKER, [disk('attacker')]);
      attacker.send(FRAME_CLOSE, 1);
      // Writes: reads of what is in memory are answered before the next frame is looked at.
      const data = new Uint8Array(65_536);
      for (let round = 0; round < 500; round++) {
        attacker.open(1);
        for (let request = 0; request < 4; request++) {
          attacker.data(1, storagePacket({ operation: STORAGE_WRITE, data }), round);
        }
        attacker.send(FRAME_CLOSE, 1);
      }
      attacker.open(1);
      attacker.data(1, storagePacket({ operation: STORAGE_READ, length: 512 }), 9999);
      await attacker.answer(9999);
      const answered = attacker.frames.filter((frame) => frame.kind === FRAME_COMPLETION);
      const { requests } = await statistics(ATTACKER).then((all) => ({ requests: all['disk0.requests'] }));
      expect(requests).toBe(2001);
      expect(answered.length).toBeLessThan(2000);
      expect(answered.every((frame) => frame.transactionLo < 500)).toBe(true);
      await root.ask({ type: 'release', partitionId: ATTACKER });
      attacker.socket.destroy();
    });
    expect(rootFiles()).toBe(filesBefore);
  });

  it('that sends anything at all ends its own connection at worst', async () => {
    const filesBefore = rootFiles();
    const almostFrame = fc
      .tuple(
        fc.nat(12),
        fc.nat(5),
        fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.constant(storagePacket({ operation: 1, length: 512 }))),
        fc.boolean(),
      )
      .map(([kind, channel, payload, isSpoilt]) => {
        const frame = encodeFrame(kind, channel, payload, kind, channel);
        const at = payload.length % frame.length;
        return isSpoilt ? frame.with(at, (frame[at] as number) ^ 0x41) : frame;
      });
    const opening = Buffer.concat([1, 2, 3].map((channel) => encodeFrame(FRAME_OPEN, channel)));
    const stream = fc.array(fc.oneof(almostFrame, fc.uint8Array({ maxLength: 40 })), { maxLength: 60 });
    await besideNeighbour(async () => {
      await fc.assert(
        fc.asyncProperty(stream, async (pieces) => {
          const [ours, theirs] = socketPair();
          const connected = await root.ask({
            type: 'connect',
            partitionId: ATTACKER,
            name: 'attacker',
            socket: root.give(theirs),
            channels: [
              { service: 'console', label: 'console' },
              { service: 'storage', label: 'disk0', volume: { kind: 'scratch', capacityBytes: 65_536 } },
              { service: 'clock', label: 'clock' },
            ],
          });
          expect(connected).toMatchObject({ ok: true });
          const attacker = new Socket({ fd: ours });
          attacker.on('error', () => {});
          const closed = new Promise((resolve) => attacker.on('close', resolve));
          attacker.resume();
          attacker.end(Buffer.concat([opening, ...pieces]));
          await closed;
          expect(await root.ask({ type: 'release', partitionId: ATTACKER })).toMatchObject({ ok: true });
        }),
        { numRuns: 100 },
      );
    });
    expect(rootFiles()).toBe(filesBefore);
  });
});
