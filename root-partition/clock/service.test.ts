// The clock: wall time in nanoseconds, never finer than its granularity.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Channel, type ChannelCarrier } from '../channel.ts';
import { InProcessRoot } from '../testing/in-process-root.ts';
import { words } from '../testing/packets.ts';
import { ClockService } from './service.ts';

let root: InProcessRoot;
beforeEach(() => {
  root = new InProcessRoot();
});
afterEach(() => root.stop());

/** Asks a clock whose time is what `time` says. */
function clockOf(granularityNs: number, time: { unixMs: number; monotonicMs: number }): () => bigint {
  const bytes = new Uint8Array(64);
  const carrier = {
    outgoing: { bytes, view: new DataView(bytes.buffer), begin: () => 16 },
    isFull: false,
    inFlightBytes: 0,
    settle() {},
    noteAnswer() {},
  };
  const clock = new ClockService('clock', granularityNs, {
    unixMs: () => time.unixMs,
    monotonicMs: () => time.monotonicMs,
  });
  const channel = new Channel(1, clock, carrier as unknown as ChannelCarrier);
  channel.accept(4, new Uint8Array(0), 0, 0);
  return () => {
    channel.accept(6, words(1, 0), 0, 0);
    expect(new DataView(bytes.buffer).getUint32(24, true)).toBe(granularityNs);
    return new DataView(bytes.buffer).getBigUint64(16, true);
  };
}

describe('the clock', () => {
  it('rounds down to its granularity', () => {
    const time = { unixMs: 1_700_000_000_000, monotonicMs: 5000 };
    const coarse = clockOf(1_000_000_000, time);
    const fine = clockOf(1, time);
    expect(coarse()).toBe(1_700_000_000_000_000_000n);
    time.unixMs += 999;
    time.monotonicMs += 999.999_999;
    expect(coarse()).toBe(1_700_000_000_000_000_000n);
    expect(fine()).toBeGreaterThan(1_700_000_000_999_900_000n);
    time.monotonicMs += 0.001;
    time.unixMs += 1;
    expect(coarse()).toBe(1_700_000_001_000_000_000n);
  });

  it.each([1, 7, 1000, 3_000, 333_333, 1_000_000, 4_294_967_295])(
    'is exact at a granularity of %i ns',
    (step) => {
      const time = { unixMs: 1_700_000_000_000, monotonicMs: 0 };
      const now = clockOf(step, time);
      for (const ms of [0, 1, 4095, 4096, 1_048_575, 1_048_576, 123_456_789, 2 ** 40]) {
        time.unixMs = 1_700_000_000_000 + ms;
        time.monotonicMs = ms + 0.5;
        const exact = BigInt(time.unixMs) * 1_000_000n + 500_000n;
        expect(now()).toBe(exact - (exact % BigInt(step)));
      }
    },
  );

  it('counts on between the milliseconds and follows a wall clock that was set', () => {
    const time = { unixMs: 1_700_000_000_000, monotonicMs: 100 };
    const now = clockOf(1, time);
    const first = now();
    time.monotonicMs += 0.25;
    expect(now() - first).toBe(250_000n);
    time.unixMs += 3_600_000;
    expect(now() / 1_000_000n).toBe(1_700_003_600_000n);
  });

  it('agrees with the host, and answers an invalid request with nothing', async () => {
    const end = await root.connect(1, [{ service: 'clock', label: 'clock', granularityNs: 1_000_000 }]);
    end.open(1);
    const before = BigInt(Date.now() - 3) * 1_000_000n;
    end.data(1, words(1, 0), 1);
    const answer = await end.answer(1);
    const after = BigInt(Date.now() + 3) * 1_000_000n;
    const time = new DataView(answer.buffer).getBigUint64(0, true);
    expect(time >= before && time <= after).toBe(true);
    expect(time % 1_000_000n).toBe(0n);
    const invalid = [
      new Uint8Array(0),
      words(1),
      words(2, 0),
      words(1, 1),
      words(1, 0, 0),
      new Uint8Array(131_136),
    ];
    for (const packet of invalid) {
      end.data(1, packet, 2);
      expect((await end.answer(2)).length).toBe(0);
    }
    expect((await root.statistics(1))['clock.invalidRequests']).toBe(invalid.length);
  });
});
