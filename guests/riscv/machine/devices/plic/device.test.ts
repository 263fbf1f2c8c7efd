// PLIC (RISC-V PLIC Specification 1.0.0): gateways, priorities, thresholds, claim and completion in both contexts.
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine } from '../testing/device-machine.ts';

const PLIC = 0xc000000n;
const [M, S] = [0n, 1n];
const MEIP = 1n << 11n;
const SEIP = 1n << 9n;

let machine: DeviceMachine;
beforeEach(async () => {
  machine = await DeviceMachine.create();
}, 120_000);

const priority = (irq: number, value: number): void => machine.store(PLIC + BigInt(4 * irq), 4, value);
const enable = (context: bigint, mask: bigint): void => {
  machine.store(PLIC + 0x2000n + 0x80n * context, 4, mask & 0xffffffffn);
  machine.store(PLIC + 0x2004n + 0x80n * context, 4, mask >> 32n);
};
const threshold = (context: bigint, value: number): void =>
  machine.store(PLIC + 0x200000n + 0x1000n * context, 4, value);
const claimOf = (context: bigint): bigint => PLIC + 0x200004n + 0x1000n * context;
const claim = (context: bigint): number => Number(machine.load(claimOf(context), 4));
const complete = (context: bigint, irq: number): void => machine.store(claimOf(context), 4, irq);
const pending = (): bigint => machine.exports.pendingInterrupts() & (MEIP | SEIP);

describe('the PLIC', () => {
  beforeAll(() => fc.configureGlobal({ seed: 20261124 }));

  it('interrupts only contexts that enabled the source', () => {
    priority(40, 1);
    enable(S, 1n << 40n);
    machine.exports.plicSetLine(40, 1);
    expect(pending()).toBe(SEIP);
    expect(claim(M)).toBe(0);
    expect(claim(S)).toBe(40);
    expect(pending()).toBe(0n);
  });

  it('serves a level again after completion, not before', () => {
    priority(10, 1);
    enable(M, 1n << 10n);
    machine.exports.plicSetLine(10, 1);
    expect(claim(M)).toBe(10);
    expect(claim(M)).toBe(0);
    complete(M, 10);
    expect(claim(M)).toBe(10);
    machine.exports.plicSetLine(10, 0);
    complete(M, 10);
    expect(pending()).toBe(0n);
  });

  it('ignores completions by a context that has the source disabled', () => {
    priority(10, 1);
    enable(M, 1n << 10n);
    machine.exports.plicSetLine(10, 1);
    claim(M);
    complete(S, 10);
    complete(M, 11);
    complete(M, 0xffff_ffff);
    expect(claim(M)).toBe(0);
  });

  it('masks priorities up to the threshold and priority 0', () => {
    enable(S, 1n << 5n);
    machine.exports.plicSetLine(5, 1);
    expect(pending()).toBe(0n);
    priority(5, 3);
    threshold(S, 3);
    expect(pending()).toBe(0n);
    threshold(S, 2);
    expect(pending()).toBe(SEIP);
  });

  it('claims the highest priority first, the lowest number among equals', () => {
    const source = fc.record({ irq: fc.integer({ min: 1, max: 63 }), level: fc.integer({ min: 1, max: 7 }) });
    fc.assert(
      fc.property(fc.uniqueArray(source, { selector: ({ irq }) => irq, minLength: 1 }), (sources) => {
        enable(S, 0xffff_ffff_ffff_fffen);
        for (const { irq, level } of sources) {
          priority(irq, level);
          machine.exports.plicSetLine(irq, 1);
        }
        const order = sources.map(() => claim(S));
        for (const { irq } of sources) {
          machine.exports.plicSetLine(irq, 0);
          complete(S, irq);
        }
        const expected = [...sources].sort((a, b) => b.level - a.level || a.irq - b.irq);
        expect(order).toEqual(expected.map(({ irq }) => irq));
        expect(claim(S)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('takes words only, and has no source 0', () => {
    expect(() => machine.load(PLIC, 1)).toThrow(RangeError);
    expect(() => machine.load(PLIC + 2n, 4)).toThrow(RangeError);
    expect(() => machine.store(PLIC + 4n, 8, 1)).toThrow(RangeError);
    machine.store(PLIC, 4, 7);
    enable(M, 1n);
    expect(machine.load(PLIC, 4)).toBe(0n);
    expect(machine.load(PLIC + 0x2000n, 4)).toBe(0n);
  });
});
