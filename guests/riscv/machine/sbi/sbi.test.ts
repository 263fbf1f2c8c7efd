// SBI 2.0 as a kernel in S mode calls it; expected values are the specification's.
import { beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine, RAM_GPA } from '../devices/testing/device-machine.ts';

const BASE = 0x10n;
const TIME = 0x54494d45n;
const IPI = 0x735049n;
const RFENCE = 0x52464e43n;
const HSM = 0x48534dn;
const SRST = 0x53525354n;
const DBCN = 0x4442434en;
const ALL = (1n << 64n) - 1n;
const [NOT_SUPPORTED, INVALID_PARAM, INVALID_ADDRESS, ALREADY_AVAILABLE] = [-2n, -3n, -5n, -6n];
const [POWER_OFF, RESET, GUEST_FAILURE] = [0, 1, 2];
const SSIP = 2n;

let machine: DeviceMachine;
beforeEach(async () => {
  machine = await DeviceMachine.create();
}, 120_000);

describe('SBI', () => {
  it('is version 2.0 and has exactly the extensions that it answers', () => {
    expect(machine.sbi(BASE, 0n)).toEqual({ error: 0n, value: 0x2000000n });
    for (const id of [BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN, 0n, 1n, 2n, 8n]) {
      expect(machine.sbi(BASE, 3n, id)).toEqual({ error: 0n, value: 1n });
    }
    for (const id of [3n, 7n, 0x504d55n, 0x9000000n, ALL]) {
      expect(machine.sbi(BASE, 3n, id)).toEqual({ error: 0n, value: 0n });
      expect(machine.sbi(id, 0n).error).toBe(NOT_SUPPORTED);
    }
  });

  it('takes no function number for another', () => {
    for (const call of [7n, 1n << 32n, ALL]) {
      for (const id of [BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN]) {
        expect(machine.sbi(id, call).error).toBe(NOT_SUPPORTED);
      }
    }
    expect(machine.exports.exitReason()).not.toBe(POWER_OFF);
  });

  it('sends interrupts to this hart, by mask or to everybody', () => {
    expect(machine.sbi(IPI, 0n, 0n, 0n).error).toBe(0n);
    expect(machine.exports.pendingInterrupts() & SSIP).toBe(0n);
    expect(machine.sbi(IPI, 0n, 1n, 0n).error).toBe(0n);
    expect(machine.exports.pendingInterrupts() & SSIP).toBe(SSIP);
    expect(machine.sbi(IPI, 0n, 2n, 0n).error).toBe(INVALID_PARAM);
    expect(machine.sbi(IPI, 0n, 1n, 1n).error).toBe(INVALID_PARAM);
    expect(machine.sbi(IPI, 0n, 0n, ALL).error).toBe(0n);
  });

  it('fences this hart only', () => {
    for (const call of [0n, 1n, 2n]) expect(machine.sbi(RFENCE, call, 1n, 0n).error).toBe(0n);
    expect(machine.sbi(RFENCE, 1n, 2n, 0n).error).toBe(INVALID_PARAM);
    expect(machine.sbi(RFENCE, 3n, 1n, 0n).error).toBe(NOT_SUPPORTED);
  });

  it('knows hart 0, which runs', () => {
    expect(machine.sbi(HSM, 0n, 0n)).toEqual({ error: ALREADY_AVAILABLE, value: 0n });
    expect(machine.sbi(HSM, 2n, 0n)).toEqual({ error: 0n, value: 0n });
    expect(machine.sbi(HSM, 2n, 1n).error).toBe(INVALID_PARAM);
  });

  it.each([
    [0n, 0n, POWER_OFF],
    [0n, 1n, GUEST_FAILURE],
    [1n, 0n, RESET],
    [2n, 0n, RESET],
  ])('resets: type %i, reason %i', (type, reason, expected) => {
    machine.sbi(SRST, 0n, type, reason);
    expect(machine.exports.exitReason()).toBe(expected);
  });

  it('refuses unknown resets and goes on', () => {
    expect(machine.sbi(SRST, 0n, 3n, 0n).error).toBe(INVALID_PARAM);
    expect(machine.sbi(SRST, 0n, 0n, 2n).error).toBe(INVALID_PARAM);
    expect(machine.exports.exitReason()).toBe(0xffff_ffff | 0);
  });

  it('prints from RAM, and from nowhere else', () => {
    machine.ram(RAM_GPA, 5).write('hello');
    expect(machine.sbi(DBCN, 0n, 5n, RAM_GPA, 0n)).toEqual({ error: 0n, value: 5n });
    expect(machine.sbi(DBCN, 2n, 0x21n)).toEqual({ error: 0n, value: 0n });
    expect(machine.printed()).toBe('hello!');
    const outside = [
      [5n, RAM_GPA - 4n, 0n],
      [5n, RAM_GPA + (1n << 20n) - 4n, 0n],
      [5n, RAM_GPA, 1n],
      [ALL, ALL, 0n],
    ];
    for (const [length, low, high] of outside) {
      expect(machine.sbi(DBCN, 0n, length!, low!, high!).error).toBe(INVALID_ADDRESS);
    }
  });

  it('answers the legacy console in a0 alone', () => {
    machine.sbi(1n, 0n, 0x41n);
    expect(machine.printed()).toBe('A');
    expect(machine.sbi(2n, 0n, 0n, 77n)).toEqual({ error: -1n, value: 77n });
  });
});
