// Connections: whatever a partition process sends or refuses to take, only its own connection suffers.
import { closeSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  FRAME_ALL_OFFERS,
  FRAME_CLOSE,
  FRAME_COMPLETION,
  FRAME_DATA,
  FRAME_MAX_PAYLOAD_BYTES,
  FRAME_OFFER,
  FRAME_OPEN,
  FRAME_OPENED,
  FRAME_RESCIND,
} from '../hypervisor/abi/frames.ts';
import { socketPair } from '../hypervisor/isolation/socket-pair.ts';
import { encodeFrame } from '../hypervisor/vmbus/frame-header.ts';
import type { ChannelConfiguration } from '../hypervisor/vmbus/root-control.ts';
import { type ChannelState, channelTable } from './channel.ts';
import { InProcessRoot } from './testing/in-process-root.ts';
import { words } from './testing/packets.ts';

let root: InProcessRoot;
beforeEach(() => {
  root = new InProcessRoot();
});
afterEach(() => root.stop());

const clock: ChannelConfiguration = { service: 'clock', label: 'clock' };
const entropy: ChannelConfiguration = { service: 'entropy', label: 'entropy' };
const scratch: ChannelConfiguration = {
  service: 'storage',
  label: 'disk0',
  volume: { kind: 'scratch', capacityBytes: 1 << 20 },
};
const askTime = words(1, 0);

describe('the channel state table', () => {
  const square: [ChannelState, number, string][] = [
    ['offered', FRAME_OPEN, 'open'],
    ['offered', FRAME_CLOSE, 'violation'],
    ['offered', FRAME_DATA, 'ignore'],
    ['open', FRAME_OPEN, 'violation'],
    ['open', FRAME_CLOSE, 'closed'],
    ['open', FRAME_DATA, 'deliver'],
    ['closed', FRAME_OPEN, 'open'],
    ['closed', FRAME_CLOSE, 'violation'],
    ['closed', FRAME_DATA, 'ignore'],
    ['rescinded', FRAME_OPEN, 'ignore'],
    ['rescinded', FRAME_CLOSE, 'ignore'],
    ['rescinded', FRAME_DATA, 'ignore'],
  ];
  it.each(square)('in %s, frame kind %i: %s', (state, kind, effect) => {
    expect(channelTable[state][kind]).toBe(effect);
  });

  it('has no other rows', () => {
    const cells = Object.values(channelTable).flatMap((row) => Object.keys(row));
    expect(cells.length).toBe(square.length);
  });
});

describe('a connection', () => {
  it('offers every channel in order, then says that this was all', async () => {
    const [ours, theirs] = socketPair();
    const { PartitionEnd } = await import('./testing/partition-end.ts');
    const end = new PartitionEnd(ours);
    const channels = [scratch, clock, entropy];
    await root.ask({ type: 'connect', partitionId: 1, name: 'one', socket: root.give(theirs), channels });
    await end.offered();
    expect(end.frames.map(({ kind, channelId }) => [kind, channelId])).toEqual([
      [FRAME_OFFER, 1],
      [FRAME_OFFER, 2],
      [FRAME_OFFER, 3],
    ]);
    const label = Buffer.from(end.frames[0]?.payload.subarray(4) ?? []).toString();
    expect(label).toBe('disk0'.padEnd(32, '\0'));
    end.socket.destroy();
  });

  it('says where an opening begins, by its number, before the device sends anything for it', async () => {
    const end = await root.connect(1, [{ service: 'console', label: 'console', scrollBackBytes: 4096 }]);
    const [ours, theirs] = socketPair();
    await root.ask({ type: 'attach-console', partitionId: 1, readerId: 1, socket: root.give(theirs) });
    writeSync(ours, 'typed before');
    for (const opening of [7, 8]) {
      end.send(FRAME_OPEN, 1, undefined, opening, 1);
      const first = await end.take(({ kind }) => kind !== FRAME_OFFER);
      expect(first).toMatchObject({
        kind: FRAME_OPENED,
        channelId: 1,
        transactionLo: opening,
        transactionHi: 1,
      });
      if (opening === 7) await end.take(({ kind }) => kind === FRAME_DATA);
      end.send(FRAME_CLOSE, 1);
    }
    closeSync(ours);
  });

  it('stops hearing a partition that opens and closes without taking what it is told', async () => {
    const end = await root.connect(1, [clock]);
    end.socket.pause();
    const turn = Buffer.concat([encodeFrame(FRAME_OPEN, 1), encodeFrame(FRAME_CLOSE, 1)]);
    const turns = 100_000;
    end.socket.write(Buffer.concat(Array(turns).fill(turn)));
    let frames = 0;
    for (let same = 0; same < 20; ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const now = (await root.statistics(1))['framesReceived'] as number;
      same = now === frames && now > 0 ? same + 1 : 0;
      frames = now;
    }
    expect(frames).toBeLessThan(2 * turns);
    end.socket.resume();
    while (((await root.statistics(1))['framesReceived'] as number) < 2 * turns)
      await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('answers what waits in one burst, in order', async () => {
    const end = await root.connect(1, [clock]);
    end.open(1);
    for (let index = 0; index < 1000; index++) end.data(1, askTime, index);
    for (let index = 0; index < 1000; index++) expect((await end.answer(index)).length).toBe(16);
  });

  it('drops and counts data on a channel that is not open', async () => {
    const end = await root.connect(1, [clock]);
    end.data(1, askTime, 1);
    end.open(1);
    end.data(1, askTime, 2);
    await end.answer(2);
    end.send(FRAME_CLOSE, 1);
    end.data(1, askTime, 3);
    end.open(1);
    end.data(1, askTime, 4);
    await end.answer(4);
    const others = [FRAME_OFFER, FRAME_OPENED] as number[];
    expect(end.frames.filter(({ kind }) => !others.includes(kind))).toEqual([]);
    expect((await root.statistics(1))['framesIgnored']).toBe(2);
  });

  const violations: [string, Uint8Array][] = [
    ['opens twice', Buffer.concat([encodeFrame(FRAME_OPEN, 1), encodeFrame(FRAME_OPEN, 1)])],
    ['closes what is not open', encodeFrame(FRAME_CLOSE, 1)],
    ['names channel 0', encodeFrame(FRAME_DATA, 0, askTime)],
    ['names a channel that does not exist', encodeFrame(FRAME_OPEN, 2)],
    ['names channel 65535', encodeFrame(FRAME_DATA, 65_535, askTime)],
    ['sends an offer', encodeFrame(FRAME_OFFER, 1)],
    ['sends all-offers', encodeFrame(FRAME_ALL_OFFERS, 0)],
    ['rescinds', encodeFrame(FRAME_RESCIND, 1)],
    ['completes', encodeFrame(FRAME_COMPLETION, 1)],
    ['opens with a payload', encodeFrame(FRAME_OPEN, 1, askTime)],
    ['sends an unknown kind', encodeFrame(77, 1)],
    ['announces 4 GiB', new Uint8Array(16).fill(0xff)],
    ['announces a byte too many', words(FRAME_MAX_PAYLOAD_BYTES + 1, FRAME_DATA | (1 << 16), 0, 0)],
  ];
  it.each(violations)(
    'ends when the partition process %s, and its neighbour goes on',
    async (_what, bytes) => {
      const hostile = await root.connect(1, [clock]);
      const neighbour = await root.connect(2, [clock]);
      hostile.socket.write(bytes);
      expect(await root.ended(1)).toBe('protocol-violation');
      await hostile.closed;
      neighbour.open(1);
      neighbour.data(1, askTime, 5);
      expect((await neighbour.answer(5)).length).toBe(16);
      expect((await root.statistics(2))['isConnected']).toBe(1);
    },
  );

  it('reads frames that arrive byte by byte', async () => {
    const end = await root.connect(1, [clock]);
    const bytes = Buffer.concat([encodeFrame(FRAME_OPEN, 1), encodeFrame(FRAME_DATA, 1, askTime, 9)]);
    for (const byte of bytes) await new Promise((resolve) => end.socket.write(Buffer.of(byte), resolve));
    expect((await end.answer(9)).length).toBe(16);
  });

  it('stops reading a partition that does not read, keeps little for it, and goes on when it reads again', async () => {
    const end = await root.connect(1, [scratch]);
    end.open(1);
    end.socket.pause();
    const request = new Uint8Array(24);
    new DataView(request.buffer).setUint32(0, 1, true);
    new DataView(request.buffer).setUint32(16, 131_072, true);
    const count = 2000;
    for (let index = 0; index < count; index++) end.data(1, request, index);
    // 262 MB of answers are asked for; what root holds settles far below.
    let stats = await root.statistics(1);
    while (stats['readStops'] === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      stats = await root.statistics(1);
    }
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect((await root.statistics(1))['bytesWaiting']).toBeLessThan(1024 * 1024);
    expect((await root.statistics(1))['framesReceived']).toBeLessThan(100);
    end.socket.resume();
    for (let index = 0; index < count; index++) {
      const answer = await end.answer(index);
      if (answer.length !== 131_072 + 8) throw new Error(`answer ${index} has ${answer.length} bytes`);
    }
  });

  it('is replaced by a reconnect, and a refused connect leaves no files behind', async () => {
    const first = await root.connect(1, [clock]);
    const second = await root.reconnect(1);
    expect(await root.ended(1)).toBe('replaced');
    await first.closed;
    second.open(1);
    second.data(1, askTime, 1);
    await second.answer(1);
    await expect(root.connect(1, [clock])).rejects.toMatchObject({ code: 'PARTITION_EXISTS' });
    const missing: ChannelConfiguration = {
      service: 'storage',
      label: 'disk0',
      volume: { kind: 'raw', file: 999, isReadOnly: true },
    };
    await expect(root.connect(2, [missing])).rejects.toMatchObject({ code: 'FILE_UNKNOWN' });
    expect(root.unclaimedFiles).toBe(0);
  });

  it('ends when the peer closes, whatever was in flight', async () => {
    const end = await root.connect(1, [scratch]);
    end.open(1);
    end.socket.end();
    expect(await root.ended(1)).toBe('peer-closed');
  });

  it('can be made again and again without using descriptors up', async () => {
    const [probe, other] = socketPair();
    closeSync(probe);
    closeSync(other);
    await root.connect(1, [clock]);
    for (let round = 0; round < 50; round++) (await root.reconnect(1)).socket.destroy();
    await root.ask({ type: 'release', partitionId: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    const [again, last] = socketPair();
    expect(again).toBeLessThan(probe + 20);
    closeSync(again);
    closeSync(last);
  });
});
