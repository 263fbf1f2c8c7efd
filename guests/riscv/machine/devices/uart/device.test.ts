// 16550 UART (PC16550D data sheet, §8) as a driver meets it.
import { beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine } from '../testing/device-machine.ts';

const UART = 0x10000000n;
const IRQ = 10;
const [DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH] = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n];

let machine: DeviceMachine;
beforeEach(async () => {
  machine = await DeviceMachine.create();
}, 120_000);

const read = (register: bigint): number => Number(machine.load(UART + register, 1));
const write = (register: bigint, value: number): void => machine.store(UART + register, 1, value);
const receive = (text: string): void => {
  for (const byte of Buffer.from(text)) machine.exports.uartReceive(byte);
};

describe('the UART', () => {
  it('prints what is stored, and is always ready for more', () => {
    for (const byte of Buffer.from('hello')) write(DATA, byte);
    expect(machine.printed()).toBe('hello');
    expect(read(LSR) & 0x60).toBe(0x60);
  });

  it('keeps divisor and interrupt enable apart from data', () => {
    write(IER, 1);
    write(LCR, 0x83);
    write(DATA, 0x34);
    write(IER, 0x12);
    expect([read(DATA), read(IER)]).toEqual([0x34, 0x12]);
    write(LCR, 3);
    expect(read(IER)).toBe(1);
    expect(machine.printed()).toBe('');
  });

  it('gives received bytes in order, and has room for sixteen', () => {
    receive('0123456789abcdef');
    expect(machine.exports.uartRoom()).toBe(0);
    expect(read(LSR) & 1).toBe(1);
    const text = Array.from({ length: 16 }, () => String.fromCharCode(read(DATA))).join('');
    expect(text).toBe('0123456789abcdef');
    expect(read(LSR) & 1).toBe(0);
    expect(machine.exports.uartRoom()).toBe(16);
  });

  it('interrupts for received data until it is read', () => {
    receive('x');
    expect(machine.isPending(IRQ)).toBe(false);
    write(IER, 1);
    expect(machine.isPending(IRQ)).toBe(true);
    expect(read(IIR) & 0xf).toBe(4);
    read(DATA);
    expect(machine.isPending(IRQ)).toBe(false);
    expect(read(IIR) & 0xf).toBe(1);
  });

  it('interrupts when the transmitter is empty until IIR is read', () => {
    write(IER, 2);
    expect(machine.isPending(IRQ)).toBe(true);
    expect(read(IIR) & 0xf).toBe(2);
    expect(machine.isPending(IRQ)).toBe(false);
    write(DATA, 0x41);
    expect(machine.isPending(IRQ)).toBe(true);
  });

  it('loops modem lines and data back', () => {
    write(MCR, 0x1a);
    expect(read(MSR) & 0xf0).toBe(0x90);
    write(DATA, 0x55);
    expect(read(DATA)).toBe(0x55);
    expect(machine.printed()).toBe('');
  });

  it('has a scratch register, FIFO bits and a FIFO reset', () => {
    write(SCRATCH, 0xa5);
    expect(read(SCRATCH)).toBe(0xa5);
    expect(read(IIR) & 0xc0).toBe(0);
    write(IIR, 1);
    expect(read(IIR) & 0xc0).toBe(0xc0);
    receive('lost');
    write(IIR, 3);
    expect(read(LSR) & 1).toBe(0);
  });
});
