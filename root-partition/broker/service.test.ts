// The broker: only along connections that were made, only what is well-formed, never a queue without a bound.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FRAME_EVENT, FRAME_MESSAGE } from '../../hypervisor/abi/frames.ts';
import { PORT_CONNECTION_BASE, VMBUS_SINT } from '../../hypervisor/abi/vmbus.ts';
import { InProcessRoot } from '../testing/in-process-root.ts';
import { words } from '../testing/packets.ts';
import type { PartitionEnd } from '../testing/partition-end.ts';

let root: InProcessRoot;
let one: PartitionEnd;
let two: PartitionEnd;
const port = PORT_CONNECTION_BASE;
const clock = { service: 'clock', label: 'clock' } as const;

beforeEach(async () => {
  root = new InProcessRoot();
  one = await root.connect(1, [clock]);
  two = await root.connect(2, [clock]);
  one.open(1);
});
afterEach(() => root.stop());

const join = (fields: Partial<{ fromPartition: number; toPartition: number; sint: number }> = {}) =>
  root.ask({
    type: 'connect-ports',
    fromPartition: 1,
    connectionId: port,
    toPartition: 2,
    sint: 5,
    ...fields,
  });
/** Waits until root has handled what partition 1 sent before. */
const settled = async (): Promise<void> => {
  one.data(1, words(1, 0), 77);
  await one.answer(77);
};
const brokered = ({ kind }: { kind: number }): boolean => kind === FRAME_MESSAGE || kind === FRAME_EVENT;

describe('the broker', () => {
  it('carries messages and events to the port, as they are, in order', async () => {
    expect(await join()).toMatchObject({ ok: true });
    one.send(FRAME_MESSAGE, 0, Buffer.from('ping'), port, 17);
    one.send(FRAME_EVENT, 0, undefined, port, 33);
    const message = await two.take(brokered);
    expect(message).toMatchObject({ kind: FRAME_MESSAGE, channelId: 0, transactionLo: 5, transactionHi: 17 });
    expect(Buffer.from(message.payload).toString()).toBe('ping');
    expect(await two.take(brokered)).toMatchObject({
      kind: FRAME_EVENT,
      transactionLo: 5,
      transactionHi: 33,
    });
    expect(await root.statistics(1)).toMatchObject({ 'broker.forwarded': 2, 'broker.dropped': 0 });
  });

  const refused: [string, () => void][] = [
    ['a connection that was not made', () => one.send(FRAME_MESSAGE, 0, words(1), port + 1, 1)],
    ['the other direction', () => two.send(FRAME_MESSAGE, 0, words(1), port, 1)],
    ['241 bytes', () => one.send(FRAME_MESSAGE, 0, new Uint8Array(241), port, 1)],
    ['type 0', () => one.send(FRAME_MESSAGE, 0, words(1), port, 0)],
    ["a type of the hypervisor's", () => one.send(FRAME_MESSAGE, 0, words(1), port, 0x8000_0000)],
    ['an event with bytes', () => one.send(FRAME_EVENT, 0, words(1), port, 1)],
    ['event flag 2048', () => one.send(FRAME_EVENT, 0, undefined, port, 2048)],
    ['a channel id', () => one.send(FRAME_EVENT, 1, undefined, port, 1)],
  ];
  it.each(refused)('does not carry %s', async (_what, send) => {
    await join();
    send();
    two.open(1);
    two.data(1, words(1, 0), 78);
    await two.answer(78);
    await settled();
    expect(two.frames.filter(brokered)).toEqual([]);
    expect(one.frames.filter(brokered)).toEqual([]);
    expect((await root.statistics(1))['broker.refusedFrames']).toBe(1);
  });

  it('drops and counts what a receiver that does not read does not take; the sender goes on', async () => {
    await join();
    two.socket.pause();
    const count = 20_000;
    const message = new Uint8Array(240);
    for (let index = 0; index < count; index++) one.send(FRAME_MESSAGE, 0, message, port, 1);
    await settled();
    const { 'broker.forwarded': forwarded = 0, 'broker.dropped': dropped = 0 } = await root.statistics(1);
    expect(forwarded + dropped).toBe(count);
    expect(dropped).toBeGreaterThan(count / 2);
    expect((await root.statistics(2))['bytesWaiting']).toBeLessThan(1024 * 1024);
    two.socket.resume();
    for (let index = 0; index < forwarded; index++) await two.take(brokered);
  });

  it('drops and counts what is sent to a partition that is away, and goes on after its reconnect', async () => {
    await join();
    two.socket.destroy();
    await root.ended(2);
    one.send(FRAME_MESSAGE, 0, words(1), port, 1);
    await settled();
    expect((await root.statistics(1))['broker.dropped']).toBe(1);
    const again = await root.reconnect(2);
    one.send(FRAME_MESSAGE, 0, words(2), port, 1);
    expect((await again.take(brokered)).payload[0]).toBe(2);
  });

  it('leads nowhere after a disconnect or when the receiver was released', async () => {
    await join();
    expect(await join()).toMatchObject({ ok: false, code: 'PORT_EXISTS' });
    const gone = { type: 'disconnect-ports', fromPartition: 1, connectionId: port } as const;
    expect(await root.ask(gone)).toMatchObject({ ok: true });
    expect(await root.ask(gone)).toMatchObject({ ok: false, code: 'PORT_UNKNOWN' });
    await join();
    await root.ask({ type: 'release', partitionId: 2 });
    one.send(FRAME_MESSAGE, 0, words(1), port, 1);
    await settled();
    expect((await root.statistics(1))['broker.refusedFrames']).toBe(1);
  });

  it("cannot be connected to VMBus's own SINT, past the last SINT, or to nobody", async () => {
    expect(await join({ sint: VMBUS_SINT })).toMatchObject({ ok: false, code: 'REQUEST_MALFORMED' });
    expect(await join({ sint: 16 })).toMatchObject({ ok: false, code: 'REQUEST_MALFORMED' });
    expect(await join({ toPartition: 3 })).toMatchObject({ ok: false, code: 'PARTITION_UNKNOWN' });
    expect(await join({ fromPartition: 3 })).toMatchObject({ ok: false, code: 'PARTITION_UNKNOWN' });
  });
});
