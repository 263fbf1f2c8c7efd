import { describe, expect, it } from 'vitest';
import { createReferenceClock } from './reference-clock.ts';

const TICKS_PER_MS = 10_000;

/** A clock whose time the test sets, in milliseconds since the partition's creation. */
function clockAt(granularityTicks: number) {
  let nowMs = 0;
  const clock = createReferenceClock(1000, granularityTicks, () => nowMs, 1000);
  return {
    ...clock,
    set: (ms: number) => {
      nowMs = ms;
    },
  };
}

describe('reference time', () => {
  it.each([1, 3, 10, 10_000, 123_457])(
    'is a multiple of %i ticks, the last one that has come',
    (granularity) => {
      const clock = clockAt(granularity);
      for (let ms = 0; ms < 40; ms += 0.00373) {
        clock.set(ms);
        const time = clock.referenceTime();
        expect(time % granularity).toBe(0);
        expect(ms * TICKS_PER_MS - time).toBeLessThan(granularity + 1e-6);
        expect(time).toBeLessThanOrEqual(ms * TICKS_PER_MS);
      }
    },
  );

  it('counts from the creation of the partition, whatever the origin of the clock', () => {
    expect(createReferenceClock(5000, 1, () => 250, 5000).referenceTime()).toBe(250 * TICKS_PER_MS);
    expect(createReferenceClock(5100, 1, () => 250, 5000).referenceTime()).toBe(150 * TICKS_PER_MS);
  });
});

describe('a wait', () => {
  it.each([
    // A deadline between two ticks of a clock of 1 ms comes with the second one.
    [10_000, 0.3, 15_000, 1.7],
    [10_000, 0.3, 10_000, 0.7],
    [10_000, 0.3, 10_001, 1.7],
    [10_000, 1.0, 10_000, 0],
    [1, 0.3, 15_000, 1.2],
  ])('at granularity %i, at %d ms, until %i takes %d ms', (granularity, nowMs, deadline, expected) => {
    const clock = clockAt(granularity);
    clock.set(nowMs);
    expect(clock.waitMs(deadline)).toBeCloseTo(expected, 9);
    // And not earlier does the clock say so.
    clock.set(nowMs + Math.max(0, expected) + 1e-6);
    expect(clock.referenceTime()).toBeGreaterThanOrEqual(deadline);
  });

  it('has no end without a deadline, and none that can be told for what is no number', () => {
    const clock = clockAt(100);
    expect(clock.waitMs(Infinity)).toBe(Infinity);
    expect(clock.waitMs(-Infinity)).toBe(-Infinity);
    expect(clock.waitMs(Number.NaN)).toBeNaN();
  });
});
