// HTIF and the ELF loader, with hostile files and addresses.
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine, RAM_GPA } from '../devices/testing/device-machine.ts';

const RAM_BASE = 0x6000000;
const FILE_AT = 0x80000;
const [POWER_OFF, GUEST_FAILURE] = [0, 2];
const [NO_ELF, REFUSED, LOADED] = [0, 1, 2];
const RUNNING = -1;

let machine: DeviceMachine;
beforeEach(async () => {
  machine = await DeviceMachine.create();
}, 120_000);

describe('HTIF', () => {
  it.each([
    [1n, POWER_OFF, 0],
    [3n, GUEST_FAILURE, 1],
    [2n * 1337n + 1n, GUEST_FAILURE, 1337],
  ])('ends on %i', (value, reason, code) => {
    machine.exports.htifWrite(value);
    expect([machine.exports.exitReason(), machine.exports.exitCode()]).toEqual([reason, code]);
  });

  it('prints characters and write calls', () => {
    machine.exports.htifWrite((0x0101n << 48n) | 0x41n);
    const block = machine.ram(RAM_GPA + 64n, 64);
    block.writeBigUInt64LE(64n, 0);
    block.writeBigUInt64LE(RAM_GPA + 256n, 16);
    block.writeBigUInt64LE(3n, 24);
    machine.ram(RAM_GPA + 256n, 3).write('bcd');
    machine.exports.htifWrite(RAM_GPA + 64n);
    expect([machine.printed(), block.readBigUInt64LE(0)]).toEqual(['Abcd', 3n]);
  });

  it('answers EFAULT and ENOSYS, ignores blocks outside RAM', () => {
    const block = machine.ram(RAM_GPA, 64);
    for (const buffer of [0n, RAM_GPA + (1n << 20n) - 2n, (1n << 64n) - 1n]) {
      block.writeBigUInt64LE(64n, 0);
      block.writeBigUInt64LE(buffer, 16);
      block.writeBigUInt64LE(3n, 24);
      machine.exports.htifWrite(RAM_GPA);
      expect(block.readBigInt64LE(0)).toBe(-14n);
    }
    block.writeBigUInt64LE(1000n, 0);
    machine.exports.htifWrite(RAM_GPA);
    expect(block.readBigInt64LE(0)).toBe(-38n);
    for (const address of [0n, 2n, 0x1000n, RAM_GPA + (1n << 20n) - 8n]) machine.exports.htifWrite(address);
    expect([machine.printed(), machine.exports.exitReason()]).toEqual(['', RUNNING]);
  });
});

/** A file with one loadable segment of 8 bytes. */
function elf({ gpa = RAM_GPA + 0x100n, offset = 0x100n, fileBytes = 8n, memoryBytes = 16n } = {}): Buffer {
  const file = Buffer.alloc(0x108);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(243, 18);
  file.writeBigUInt64LE(gpa, 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64);
  for (const [i, word] of [offset, gpa, gpa, fileBytes, memoryBytes].entries()) {
    file.writeBigUInt64LE(word, 72 + 8 * i);
  }
  file.write('segment!', 0x100);
  return file;
}

function load(file: Buffer): number {
  machine.ram(RAM_GPA + BigInt(FILE_AT), file.length).set(file);
  return machine.exports.tryElf(RAM_BASE + FILE_AT, file.length);
}

describe('the ELF loader', () => {
  it('copies a segment and zeroes the rest of its memory', () => {
    machine.ram(RAM_GPA + 0x100n, 32).fill(0xff);
    expect(load(elf())).toBe(LOADED);
    const memory = machine.ram(RAM_GPA + 0x100n, 17);
    expect(memory.toString('latin1')).toBe('segment!\0\0\0\0\0\0\0\0\xff');
  });

  it.each([
    ['below RAM', { gpa: 0x1000n }],
    ['into the file itself', { gpa: RAM_GPA + BigInt(FILE_AT) - 8n }],
    ['at an address that wraps', { gpa: (1n << 64n) - 8n }],
    ['from outside the file', { offset: 0x101n }],
    ['from an offset that wraps', { offset: (1n << 64n) - 4n }],
    ['with more file than memory', { memoryBytes: 7n }],
    ['of huge memory', { memoryBytes: 1n << 63n }],
  ])('refuses a segment %s', (_name, wrong) => {
    expect(load(elf(wrong))).toBe(REFUSED);
  });

  it.each([
    ['found in the first table of symbols', 1, 0x8000_0800n],
    ['not sought in others: thousands that overlap would take minutes', 2, 0n],
  ])('has its symbols %s', (_name, table, value) => {
    const names = '\0tohost\0';
    const file = Buffer.concat([elf(), Buffer.alloc(24 + names.length + 4 * 64)]);
    const [symbol, sections] = [0x108, 0x120 + names.length];
    file.writeUInt32LE(1, symbol);
    file.writeBigUInt64LE(0x8000_0800n, symbol + 8);
    file.write(names, symbol + 24, 'latin1');
    file.writeBigUInt64LE(BigInt(sections), 40);
    file.writeUInt16LE(64, 58);
    file.writeUInt16LE(4, 60);
    for (const [index, type, at, bytes] of [
      [1, 2, symbol, table === 1 ? 24 : 0],
      [2, 2, symbol, 24],
      [3, 3, symbol + 24, names.length],
    ] as const) {
      file.writeUInt32LE(type, sections + 64 * index + 4);
      file.writeBigUInt64LE(BigInt(at), sections + 64 * index + 24);
      file.writeBigUInt64LE(BigInt(bytes), sections + 64 * index + 32);
      file.writeUInt32LE(3, sections + 64 * index + 40);
    }
    expect(load(file)).toBe(LOADED);
    expect(machine.exports.tohostOf(RAM_BASE + FILE_AT, file.length)).toBe(value);
  });

  it('survives files with random bytes in their headers', () => {
    const patch = fc.tuple(fc.nat(0x77), fc.integer({ min: 0, max: 255 }));
    const property = fc.property(fc.array(patch, { minLength: 1, maxLength: 12 }), (patches) => {
      const file = elf();
      for (const [at, byte] of patches) file[at] = byte;
      expect([NO_ELF, REFUSED, LOADED]).toContain(load(file));
      const guard = machine.ram(RAM_GPA + BigInt(FILE_AT), file.length);
      expect(guard.equals(file)).toBe(true);
    });
    fc.assert(property, { seed: 11, numRuns: 500 });
  });
});
