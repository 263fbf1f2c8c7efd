// Pages that belong at one place of the TLBs (tlb.ts): loops over two of them stay in translated code, and fences drop them
// wherever they lie.
import { beforeAll, describe, expect, it } from 'vitest';
import { LEAVE_REASONS } from '../../translator/leave-reasons.ts';
import * as a from '../testing/assembler.ts';
import { BareMachine } from '../testing/bare-host.ts';
import { engines } from '../testing/engines.ts';

const START = 0x80000000n;
/** So far apart are pages with one place. */
const TURN = 512n * 4096n;
const DATA = START + 0x10000n;
/** state.ts. */
const [OBSERVED, LEAVE_COUNTS] = [0x10900, 0x10908];
/** Of 200,000 instructions: the ends of slices, and some. */
const MOST_LEAVES = 100;
const [A0, A1, A2, A3, A4] = [10, 11, 12, 13, 14];

describe('a loop over two pages with one place', () => {
  let machine: BareMachine;
  beforeAll(async () => {
    machine = await BareMachine.create({ ramBytes: 6 << 20 });
    machine.translateFrom(1);
  }, 120_000);

  const leaves = (): number =>
    Array.from({ length: LEAVE_REASONS }, (_, reason) =>
      Number(machine.view.getBigUint64(LEAVE_COUNTS + 8 * reason, true)),
    ).reduce((sum, count) => sum + count);

  /** Runs a loop for a while, then counts how often it leaves translated code in 200,000 instructions. */
  function countLeaves(): number {
    machine.view.setUint32(OBSERVED, 1, true);
    // Code becomes hot where a slice ends.
    for (let runs = 0; runs < 4; runs++) machine.run(20_000);
    const [before, inUnits] = [leaves(), machine.instructionsInUnits];
    machine.run(200_000);
    expect(Number(machine.instructionsInUnits - inUnits)).toBeGreaterThan(190_000);
    return leaves() - before;
  }

  it.each([
    ['reads of both', [a.ld(A0, A1, 0), a.ld(A3, A2, 0)]],
    ['stores to both', [a.sd(A0, A1, 0), a.sd(A0, A2, 8)]],
    ['a read and a store of each', [a.ld(A0, A1, 0), a.ld(A3, A2, 0), a.sd(A3, A1, 8), a.sd(A0, A2, 8)]],
  ])('stays in units with %s', (_name, words) => {
    machine.reset(START, { mode: 3 });
    machine.loadWords(START, [...words, a.addi(A4, A4, 1), a.jal(0, -4 * (words.length + 1))]);
    machine.setX(A1, DATA);
    machine.setX(A2, DATA + TURN);
    expect(countLeaves()).toBeLessThan(MOST_LEAVES);
    expect(machine.read(DATA, 8)).toBe(machine.read(DATA + TURN, 8));
  });

  it('stays in units whatever page was there before', () => {
    // Where the first page goes that has to make room, a page of the loop belongs.
    const [before, one, other] = [DATA, DATA + TURN, DATA + TURN / 2n];
    machine.reset(START, { mode: 3 });
    machine.loadWords(START, [a.ld(A0, A3, 0), a.ld(A0, A1, 0), a.ld(A0, A2, 0), a.jal(0, -8)]);
    machine.setX(A1, one);
    machine.setX(A2, other);
    machine.setX(A3, before);
    expect(countLeaves()).toBeLessThan(MOST_LEAVES);
  });

  it('stays in units when they are of code', () => {
    machine.reset(START, { mode: 3 });
    machine.loadWords(START, [a.addi(A4, A4, 1), a.jalr(0, A1, 0)]);
    machine.loadWords(START + TURN, [a.addi(A4, A4, 1), a.jalr(0, A2, 0)]);
    machine.setX(A1, START + TURN);
    machine.setX(A2, START);
    expect(countLeaves()).toBeLessThan(MOST_LEAVES);
  });
});

describe.each(engines)('as %s', (engine) => {
  const TABLES = 0x80040000n;
  const VIRTUAL = 0x40010000n;
  const LEAF = 0xcfn;
  let machine: BareMachine;
  beforeAll(async () => {
    machine = await BareMachine.create({ engine });
  }, 120_000);

  const pte = (gpa: bigint, bits: bigint): bigint => ((gpa >> 12n) << 10n) | bits;

  /** Maps the first GiB of RAM at itself, VIRTUAL and the page a turn from it at a page each. */
  function map(): bigint {
    const [root, middle] = [TABLES, TABLES + 0x1000n];
    machine.loadBytes(TABLES, new Uint8Array(0x4000));
    machine.write64(root + 16n, pte(START, LEAF));
    machine.write64(root + 8n, pte(middle, 1n));
    for (const turn of [0n, 1n]) {
      const low = TABLES + 0x2000n + 0x1000n * turn;
      machine.write64(middle + 8n * turn, pte(low, 1n));
      machine.write64(low + 8n * 16n, pte(DATA + 0x1000n * turn, LEAF));
    }
    machine.setCsr(0x180, (8n << 60n) | (root >> 12n));
    return TABLES + 0x2000n + 8n * 16n;
  }

  it.each([0n, 1n, 2n, 3n])(
    'reads what lies across the end of page %i, where neither page follows the other',
    (page) => {
      machine.reset(START, { mode: 1 });
      const leaf = map();
      for (let other = 0n; other < 6n; other++) {
        machine.write64(leaf + 8n * other, pte(DATA + 0x1000n * (5n - other), LEAF));
        machine.write64(DATA + 0x1000n * (5n - other), 100n + other);
        machine.write64(DATA + 0x1000n * (5n - other) + 0xff8n, 200n + other);
      }
      // Both pages are known before what lies across is read by one check.
      const touch = [a.ld(A0, A1, -8), a.ld(A3, A2, 0)];
      const read = [a.addi(A4, A1, 0), a.ld(A0, A4, -8), a.ld(A3, A4, 0)];
      machine.loadWords(START, [...touch, ...read, a.jal(0, -4 * read.length)]);
      machine.setX(A1, VIRTUAL + 0x1000n * (page + 1n));
      machine.setX(A2, VIRTUAL + 0x1000n * (page + 1n));
      // Once for the heat, once in units.
      for (let runs = 0; runs < 2; runs++) machine.run(400);
      expect(machine.x(A0)).toBe(200n + page);
      expect(machine.x(A3)).toBe(101n + page);
    },
  );

  it.each([
    ['the page', A1],
    ['all pages', 0],
  ])('sees what a page that was displaced became, after a fence for %s', (_name, fenced) => {
    machine.reset(START, { mode: 1 });
    const leaf = map();
    for (const page of [0n, 1n, 2n]) machine.write64(DATA + 0x1000n * page, page + 7n);
    const read = [a.ld(A0, A1, 0), a.ld(A3, A2, 0)];
    const round = [...read, a.sfenceVma(fenced, 0), ...read];
    machine.loadWords(START, [...round, a.jal(0, -4 * round.length)]);
    machine.setX(A1, VIRTUAL);
    machine.setX(A2, VIRTUAL + TURN);
    for (const page of [0n, 2n, 0n, 2n]) {
      machine.write64(leaf, pte(DATA + 0x1000n * page, LEAF));
      machine.run(200);
      expect(machine.x(A0)).toBe(page + 7n);
      expect(machine.x(A3)).toBe(8n);
    }
  });
});
