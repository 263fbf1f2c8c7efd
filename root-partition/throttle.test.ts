// A partition over its limit is not read for a while; its neighbour is, and nothing is lost.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STORAGE_READ } from '../hypervisor/abi/channels/storage.ts';
import { FRAME_CLOSE, FRAME_MESSAGE, FRAME_OPEN } from '../hypervisor/abi/frames.ts';
import { PORT_CONNECTION_BASE } from '../hypervisor/abi/vmbus.ts';
import { type BrokeredLimit, brokeredLimitDefaults } from '../hypervisor/scheduler/limits.ts';
import type { ChannelConfiguration } from '../hypervisor/vmbus/root-control.ts';
import { InProcessRoot } from './testing/in-process-root.ts';
import { consolePacket, storagePacket, words } from './testing/packets.ts';
import type { PartitionEnd } from './testing/partition-end.ts';
import { Throttle } from './throttle.ts';

const clock = { service: 'clock', label: 'clock' } as const;
const CLOCK = 1;
const CONSOLE = 2;
const DISK = 3;
const channels: ChannelConfiguration[] = [
  clock,
  { service: 'console', label: 'console' },
  { service: 'storage', label: 'disk0', volume: { kind: 'scratch', capacityBytes: 1 << 20 } },
];

describe('a partition that goes over its limit', () => {
  let root: InProcessRoot;
  let neighbour: PartitionEnd;

  beforeEach(async () => {
    root = new InProcessRoot();
    neighbour = await root.connect(2, [clock]);
    neighbour.open(CLOCK);
  });
  afterEach(() => root.stop());

  /** Waits until the neighbour's requests have been answered many times over. */
  async function neighbourIsServed(): Promise<void> {
    for (let request = 1; request <= 200; request++) {
      neighbour.data(CLOCK, words(1, 0), request);
      await neighbour.answer(request);
    }
  }

  const flood: [BrokeredLimit, number, (partition: PartitionEnd, index: number) => void][] = [
    ['messages', 4, (partition) => partition.send(FRAME_MESSAGE, 0, words(1), PORT_CONNECTION_BASE, 1)],
    ['ioOperations', 4, (partition, index) => partition.data(CLOCK, words(1, 0), index)],
    [
      'ioBytes',
      20_000,
      (partition) => partition.data(DISK, storagePacket({ operation: STORAGE_READ, length: 4096 })),
    ],
    ['consoleBytes', 4000, (partition) => partition.data(CONSOLE, consolePacket('x'.repeat(1000)))],
  ];
  it.each(flood)(
    'of %s is not read until it has made up for it, and its neighbour is',
    async (limit, rate, send) => {
      const limits = { ...brokeredLimitDefaults, [limit]: rate };
      const partition = await root.connect(1, channels, limits);
      for (const channel of [CLOCK, CONSOLE, DISK]) partition.open(channel);
      const sent = 12;
      for (let index = 0; index < sent; index++) send(partition, index);
      while (((await root.statistics(1))[`throttledMs.${limit}`] ?? 0) === 0) await neighbourIsServed();
      const before = (await root.statistics(1))['framesReceived'] as number;
      expect(before).toBeLessThan(3 + sent);
      await neighbourIsServed();
      await root.event((event) => event.type === 'throttled' && event.partitionId === 1);
      const events = root.events.filter((event) => event.type === 'throttled');
      expect(events).toEqual(events.map((event) => ({ ...event, partitionId: 1, limit })));
      expect(events.every((event) => event.waitedMs >= 1000)).toBe(true);
      // Nothing is lost.
      while ((await root.statistics(1))['framesReceived'] !== 3 + sent) await neighbourIsServed();
    },
  );

  it('does not get rid of its debt by connecting again', async () => {
    const partition = await root.connect(1, [clock], { ...brokeredLimitDefaults, ioOperations: 1 });
    for (let turn = 0; turn < 2; turn++) {
      partition.send(FRAME_OPEN, CLOCK);
      partition.send(FRAME_CLOSE, CLOCK);
    }
    const waited = async () => (await root.statistics(1))['throttledMs.ioOperations'] ?? 0;
    while ((await waited()) === 0) await neighbourIsServed();
    const first = await waited();
    const again = await root.reconnect(1);
    again.send(FRAME_OPEN, CLOCK);
    while ((await waited()) === first) await neighbourIsServed();
    expect((await root.statistics(1))['framesReceived']).toBe(1);
  });
});

describe('a throttle', () => {
  it('charges every frame, empty ones and answers too', () => {
    let nowMs = 0;
    const limits = { ...brokeredLimitDefaults, ioBytes: 1000, logBytes: 1000, consoleBytes: 1000 };
    const throttle = new Throttle(
      limits,
      () => {},
      () => nowMs,
    );
    let frames = 0;
    while (throttle.packet('consoleBytes', 0)) frames++;
    expect(frames).toBeLessThan(100);
    expect(throttle.packet('logBytes', 900)).toBe(true);
    expect(throttle.packet('logBytes', 900)).toBe(false);
    expect(throttle.packet(undefined, 0)).toBe(true);
    throttle.answer(1000);
    expect(throttle.packet(undefined, 0)).toBe(false);
    const waitMs = throttle.beginWait();
    nowMs += waitMs;
    expect(throttle.packet('logBytes', 0)).toBe(false);
    nowMs += 100;
    expect(throttle.packet('logBytes', 0)).toBe(true);
    expect(throttle.statistics()).toMatchObject({ 'throttledMs.logBytes': waitMs });
  });
});
