import { beforeEach, describe, expect, it } from 'vitest';
import { BriefPoll } from './brief-poll.ts';

const [LOOK_MS, WAIT_MS] = [0.01, 5];
let timeMs: number;
let looks: number;
let poll: BriefPoll;
beforeEach(() => {
  timeMs = 0;
  looks = 0;
  poll = new BriefPoll(() => timeMs);
});

/** Something comes with the look number `at`, each of which takes a while. */
const comesAt = (at: number, lookMs = LOOK_MS) => {
  looks = 0;
  const look = () => {
    timeMs += lookMs;
    return ++looks === at;
  };
  return poll.isDue(WAIT_MS) && poll.finds(look);
};
const NEVER = -1;

/** Waits that pass until it looks again. */
function skipped(): number {
  for (let waits = 0; ; waits++) {
    comesAt(NEVER);
    if (looks > 0) return waits;
  }
}

describe('looking before sleeping', () => {
  it('finds what comes within a moment, each time', () => {
    for (let times = 0; times < 100; times++) expect([comesAt(3), looks]).toEqual([true, 3]);
  });

  it('gives up after a moment, and twice as rarely each time that it was for nothing, up to a limit', () => {
    expect(comesAt(NEVER)).toBe(false);
    expect(looks).toBeLessThanOrEqual(11);
    expect(Array.from({ length: 12 }, skipped)).toEqual([
      1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023, 1023,
    ]);
  });

  it('is not done before waits that are as short, which count for nothing', () => {
    expect([skipped(), skipped()]).toEqual([0, 1]);
    for (const waitMs of [0, 0.05, 0.1, -1, Number.NaN]) expect(poll.isDue(waitMs)).toBe(false);
    expect(skipped()).toBe(3);
    for (let waits = 0; waits < 7; waits++) expect(poll.isDue(Number.POSITIVE_INFINITY)).toBe(false);
    expect(poll.isDue(Number.POSITIVE_INFINITY)).toBe(true);
  });

  it('takes heart again by what comes in time, not by what was there late', () => {
    expect([skipped(), skipped(), skipped()]).toEqual([0, 1, 3]);
    for (let waits = 0; waits < 7; waits++) comesAt(1);
    expect([comesAt(1, 3), looks]).toEqual([true, 1]);
    expect([skipped(), skipped()]).toEqual([0, 15]);
    for (let waits = 0; waits < 31; waits++) comesAt(1);
    expect([comesAt(1), looks]).toEqual([true, 1]);
    expect([skipped(), skipped()]).toEqual([0, 1]);
  });
});
