// The bus: every address answers or faults, whatever is stored; CLINT, RTC and finisher in the same breath.
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine } from './testing/device-machine.ts';

const CLINT = 0x2000000n;
const RTC = 0x101000n;
const FINISHER = 0x100000n;
const RTC_IRQ = 11;
const NEVER = (1n << 64n) - 1n;
const [MTIP, MSIP] = [1n << 7n, 1n << 3n];
const [POWER_OFF, RESET, GUEST_FAILURE] = [0, 1, 2];

let machine: DeviceMachine;
beforeEach(async () => {
  machine = await DeviceMachine.create({ virtio: 'pci', disk: Buffer.alloc(4096) });
}, 120_000);

const pending = (): bigint => machine.exports.pendingInterrupts();
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

describe('the bus', () => {
  it.each([0n, 0x102000n, 0x1fffffcn, 0x10000100n, 0x10009000n, 0x7ffffff8n, 0xffffffff_fffffff8n])(
    'faults where nothing is: %x',
    (gpa) => {
      expect(() => machine.load(gpa, 4)).toThrow(RangeError);
      expect(() => machine.store(gpa, 4, 0)).toThrow(RangeError);
    },
  );

  it('survives random accesses to every device at every width and alignment', () => {
    const bases = [FINISHER, RTC, CLINT, 0xc000000n, 0x10000000n, 0x10001000n, 0x30000000n, 0x40000000n];
    const access = fc.tuple(
      fc.constantFrom(...bases),
      fc.oneof(fc.integer({ min: 0, max: 0x200 }), fc.integer({ min: 0, max: 0x600000 })),
      fc.constantFrom(1, 2, 4, 8),
      fc.oneof(fc.bigInt({ min: 0n, max: 255n }), fc.bigInt({ min: 0n, max: NEVER })),
      fc.boolean(),
    );
    const property = fc.property(fc.array(access, { minLength: 20, maxLength: 100 }), (accesses) => {
      for (const [base, offset, width, value, isStore] of accesses) {
        const gpa = base + BigInt(offset);
        if (isStore) machine.exports.mmioStore(gpa, width, value);
        else machine.exports.mmioLoad(gpa, width);
      }
      machine.exports.pollVirtioDevices();
    });
    fc.assert(property, { seed: 7, numRuns: 100 });
  });
});

describe('the CLINT', () => {
  it('raises the timer interrupt when mtime reaches mtimecmp', () => {
    expect(unsigned(machine.exports.clintDeadline())).toBe(NEVER);
    machine.time = 1000;
    expect(machine.load(CLINT + 0xbff8n, 8)).toBe(1000n);
    machine.store(CLINT + 0x4000n, 8, 1500);
    expect(pending() & MTIP).toBe(0n);
    machine.time = 1500;
    machine.exports.clintPoll();
    expect(pending() & MTIP).toBe(MTIP);
    machine.store(CLINT + 0x4004n, 4, 1);
    expect(pending() & MTIP).toBe(0n);
    expect(machine.load(CLINT + 0x4000n, 8)).toBe(0x1_0000_05dcn);
  });

  it('gives mtime in halves and the software interrupt in bit 0', () => {
    machine.time = 0x3_0000_0002;
    expect(machine.load(CLINT + 0xbff8n, 4)).toBe(2n);
    expect(machine.load(CLINT + 0xbffcn, 4)).toBe(3n);
    machine.store(CLINT, 4, 0xffff_ffff);
    expect([machine.load(CLINT, 4), pending() & MSIP]).toEqual([1n, MSIP]);
    machine.store(CLINT, 4, 0);
    expect(pending() & MSIP).toBe(0n);
  });
});

describe('the RTC', () => {
  const EPOCH = 1_700_000_000_123_456_789n;

  it('latches the high half of the time when the low one is read', () => {
    machine.exports.rtcSetEpoch(EPOCH);
    machine.time = 50;
    const low = machine.load(RTC, 4);
    machine.time = 0x1_0000_0000;
    expect((machine.load(RTC + 4n, 4) << 32n) | low).toBe(EPOCH + 5000n);
  });

  it('raises its alarm once, and its interrupt until that is cleared', () => {
    machine.exports.rtcSetEpoch(EPOCH);
    const due = EPOCH + 1_000_000n;
    machine.store(RTC + 0x10n, 4, 1);
    machine.store(RTC + 0xcn, 4, due >> 32n);
    machine.store(RTC + 0x8n, 4, due & 0xffffffffn);
    expect([machine.load(RTC + 0x18n, 4), machine.exports.rtcDeadline()]).toEqual([1n, 10_000n]);
    expect(machine.isPending(RTC_IRQ)).toBe(false);
    machine.time = 10_000;
    machine.exports.rtcPoll();
    expect([machine.isPending(RTC_IRQ), machine.load(RTC + 0x18n, 4)]).toEqual([true, 0n]);
    machine.store(RTC + 0x1cn, 4, 1);
    expect(machine.isPending(RTC_IRQ)).toBe(false);
    expect(unsigned(machine.exports.rtcDeadline())).toBe(NEVER);
  });
});

describe('the finisher', () => {
  it.each([
    [0x5555, POWER_OFF, 0],
    [0x7777, RESET, 0],
    [0x002a_3333, GUEST_FAILURE, 42],
  ])('ends the machine for %x', (value, reason, code) => {
    machine.store(FINISHER, 4, value);
    expect([machine.exports.exitReason(), machine.exports.exitCode()]).toEqual([reason, code]);
  });
});
