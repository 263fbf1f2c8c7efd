// Shares over a simulated kernel that gives every thread that is ready the same, whatever anybody deserves.
import { describe, expect, it } from 'vitest';
import { type CpuSample, type CpuShare, FairShare, feasibleWeights, ShareAccount } from './fair-share.ts';

const TICK_MS = 10;

interface Load {
  share?: Partial<CpuShare>;
  threads?: number;
  /** Part of a tick that it wants, by tick; default: all of it, always. */
  wants?: (tick: number) => number;
}

/** Deals `processors` out to those ready, each thread the same and none more than one. */
function deal(wanted: readonly number[], processors: number): number[] {
  const got = wanted.map(() => 0);
  let left = processors;
  for (let open = wanted.map((_, index) => index); open.length > 0; ) {
    const each = left / open.length;
    const content = open.filter((index) => (wanted[index] as number) <= each);
    if (content.length === 0) {
      for (const index of open) got[index] = each;
      break;
    }
    for (const index of content) {
      got[index] = wanted[index] as number;
      left -= wanted[index] as number;
    }
    open = open.filter((index) => !content.includes(index));
  }
  return got;
}

/** Processor time that each load gets in `ticks`, in processors. @param strangers threads that nobody governs */
function simulate(loads: readonly Load[], { ticks = 2000, strangers = 0, processors = 2 } = {}): number[] {
  const shares = new FairShare(processors);
  const members = loads.map(({ share, threads = 1, wants = () => 1 }) => ({
    account: shares.add({ weight: 100, cap: undefined, reserve: 0, ...share }),
    threads,
    wants,
    usedMs: 0,
    waitedMs: 0,
  }));
  let held = new Set<ShareAccount>();
  for (let tick = 0; tick < ticks; tick++) {
    const ready = members.flatMap((member) =>
      held.has(member.account)
        ? []
        : Array.from({ length: member.threads }, () => ({ member, want: member.wants(tick) })),
    );
    const got = deal([...ready.map(({ want }) => want), ...Array(strangers).fill(1)], processors);
    ready.forEach(({ member, want }, index) => {
      member.usedMs += (got[index] as number) * TICK_MS;
      member.waitedMs += ((want - (got[index] as number)) * TICK_MS) / member.threads;
    });
    const samples = new Map<ShareAccount, CpuSample>();
    for (const { account, usedMs, waitedMs } of members) samples.set(account, { usedMs, waitedMs });
    held = shares.decide(samples, TICK_MS);
  }
  return members.map(({ usedMs }) => usedMs / (ticks * TICK_MS));
}

const weighing = (weight: number): Load => ({ share: { weight } });
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
/** Each within 5 % of what it should be. */
function expectShares(got: readonly number[], expected: readonly number[]): void {
  got.forEach((value, index) => {
    const right = expected[index] as number;
    expect(Math.abs(value / right - 1), `${got} should be ${expected}`).toBeLessThan(0.05);
  });
}

describe('shares of two processors', () => {
  it.each([
    ['equal weights', [100, 100, 100], [2 / 3, 2 / 3, 2 / 3]],
    ['one to two to three', [100, 200, 300], [1 / 3, 2 / 3, 1]],
    ['two hogs and a light victim', [50, 100, 100], [0.4, 0.8, 0.8]],
    ['more than one processor owed', [800, 100, 100], [1, 0.5, 0.5]],
    ['six of different weights', [10, 20, 30, 40, 50, 60], [0.095, 0.19, 0.286, 0.381, 0.476, 0.571]],
  ])('go by weight: %s', (_what, weights, expected) => {
    const got = simulate(weights.map(weighing));
    expectShares(got, expected);
    // Nothing is left unused.
    expect(sum(got)).toBeGreaterThan(1.9);
  });

  it('go by weight also where strangers take most of the machine', () => {
    const [one = 0, two = 0, three = 0] = simulate([100, 200, 300].map(weighing), { strangers: 6 });
    expectShares([two / one, three / one], [2, 3]);
  });

  it('hold a guest of many threads to the share of one guest', () => {
    const [hog = 0, victim = 0] = simulate([{ threads: 8 }, {}]);
    expect(victim / hog).toBeGreaterThan(0.9);
  });

  it('leave those alone who use less than their share', () => {
    const light = { wants: (tick: number) => (tick % 10 < 3 ? 1 : 0) };
    const [got = 0] = simulate([light, {}, {}, {}]);
    // What it could not get at once it does not come back for; by the kernel alone it gets 0.15 of its 0.3.
    expect(got).toBeGreaterThan(0.22);
  });

  it('do not reward whoever rests for a moment whenever it is looked at', () => {
    const gamer = { wants: (tick: number) => (tick % 3 === 0 ? 0.2 : 1) };
    const [got = 0, ...others] = simulate([gamer, {}, {}]);
    expect(got).toBeLessThan(1.02 * (sum(others) / others.length));
  });

  it('do not let a guest save up while it rests', () => {
    const late = { wants: (tick: number) => (tick < 1000 ? 0 : 1) };
    expectShares(simulate([late, {}, {}]), [1 / 3, 5 / 6, 5 / 6]);
  });
});

describe('caps and reserves', () => {
  it('keep a guest to its cap on an idle machine', () => {
    const [got = 0] = simulate([{ share: { cap: 0.25 } }]);
    expect(got).toBeGreaterThan(0.24);
    expect(got).toBeLessThan(0.26);
  });

  it('give what a cap leaves to the others', () => {
    expectShares(simulate([{ share: { cap: 0.1 } }, {}, {}, {}]), [0.1, 1.9 / 3, 1.9 / 3, 1.9 / 3]);
  });

  it('give a guest its reserve, however little it weighs', () => {
    const [got = 0] = simulate([
      { share: { weight: 1, reserve: 0.5 } },
      ...[1, 2, 3, 4].map(() => weighing(1000)),
    ]);
    expect(got).toBeGreaterThan(0.48);
    expect(got).toBeLessThan(0.6);
  });
});

describe('an account', () => {
  it('begins with what was used by then, and counts what is used before the first look', () => {
    const share = { weight: 100, cap: 0.5, reserve: 0 };
    const account = new ShareAccount(share, 0, { usedMs: 1000, waitedMs: 500 });
    const { capMs } = account;
    expect(account.take({ usedMs: 1008, waitedMs: 502 }, TICK_MS)).toBe(8);
    expect(account.waitingNow).toBeCloseTo(0.2);
    expect(account.capMs).toBeCloseTo(capMs + 0.5 * TICK_MS - 8);
  });
});

describe('feasible weights', () => {
  const accounts = (weights: readonly number[]): ShareAccount[] =>
    weights.map((weight) => new ShareAccount({ weight, cap: undefined, reserve: 0 }, 0));

  it.each([
    [[1, 1, 1], 2, [1, 1, 1]],
    [[8, 1, 1], 2, [2, 1, 1]],
    [[100, 50, 1, 1], 4, [1, 1, 1, 1]],
    [[9, 5], 2, [5, 5]],
    [[7], 2, [7]],
  ])('of %j on %i processors are %j', (weights, processors, expected) => {
    const all = accounts(weights);
    const result = feasibleWeights(all, processors);
    expect(all.map((account) => result.get(account))).toEqual(expected);
  });
});
