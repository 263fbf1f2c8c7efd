// Split virtqueues (virtio 1.3 §2.7) under drivers that break the rules: the device asks for a reset, nothing else.
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine, RAM_GPA } from '../devices/testing/device-machine.ts';
import {
  type Descriptor,
  INDIRECT,
  NEXT,
  QUEUE_SIZE,
  VirtioDriver,
  WRITE,
} from '../devices/testing/virtio-driver.ts';

const RAM_BYTES = 1 << 20;
const END = RAM_GPA + BigInt(RAM_BYTES);
const TABLE = RAM_GPA + 0x20000n;
const DATA = RAM_GPA + 0x30000n;
const TRANSMIT = 1;

let machine: DeviceMachine;
let driver: VirtioDriver;
beforeEach(async () => {
  machine = await DeviceMachine.create({ virtio: 'mmio', ramBytes: RAM_BYTES, disk: Buffer.alloc(65536) });
  driver = new VirtioDriver(machine, 0, TRANSMIT);
  driver.start();
  machine.ram(DATA, 26).write('abcdefghijklmnopqrstuvwxyz');
}, 120_000);

const part = (at: number, length: number, flags = 0): Descriptor => ({
  address: DATA + BigInt(at),
  length,
  flags,
});

describe('a virtqueue', () => {
  it('gathers a chain, and goes round the ring', () => {
    for (let i = 0; i < 20; i++) driver.send([part(i, 1), part(25, 1)], (2 * i) % QUEUE_SIZE);
    expect(machine.printed()).toBe('azbzczdzezfzgzhzizjzkzlzmznzozpzqzrzsztz');
    expect(driver.used()).toHaveLength(20);
    expect(machine.isPending(1)).toBe(true);
    driver.write(0x64, 1);
    expect(machine.isPending(1)).toBe(false);
  });

  it('does not interrupt a driver that asked not to be', () => {
    machine.ram(driver.rings + 0x100n, 2).writeUInt16LE(1);
    driver.send([part(0, 1)]);
    expect(driver.used()).toHaveLength(1);
    expect(machine.isPending(1)).toBe(false);
  });

  it('follows an indirect table', () => {
    const table = machine.ram(TABLE, 64);
    driver.putDescriptor(table, 0, { ...part(3, 2, NEXT), next: 2 });
    driver.putDescriptor(table, 2, part(0, 3));
    driver.send([{ address: TABLE, length: 48, flags: INDIRECT }]);
    expect(machine.printed()).toBe('deabc');
  });

  const loop: Descriptor = { ...part(0, 1, NEXT), next: 0 };
  const hostile: [string, Descriptor][] = [
    ['a loop', loop],
    ['a next beyond the table', { ...part(0, 1, NEXT), next: QUEUE_SIZE }],
    ['an address below RAM', { address: 0x1000n, length: 1, flags: 0 }],
    ['a buffer across the end of RAM', { address: END - 1n, length: 2, flags: 0 }],
    ['an address that wraps', { address: (1n << 64n) - 1n, length: 2, flags: 0 }],
    ['a length of all ones', { address: RAM_GPA, length: 0xffff_ffff, flags: 0 }],
    ['an indirect table outside RAM', { address: END, length: 16, flags: INDIRECT }],
    ['an indirect table of broken length', { address: TABLE, length: 17, flags: INDIRECT }],
    ['an empty indirect table', { address: TABLE, length: 0, flags: INDIRECT }],
    ['an indirect table larger than the queue', { address: TABLE, length: 16 * 9, flags: INDIRECT }],
    ['an indirect table with a successor', { address: TABLE, length: 16, flags: INDIRECT | NEXT, next: 1 }],
  ];
  it.each(hostile)('needs a reset after %s', (_name, descriptor) => {
    driver.putDescriptor(machine.ram(driver.rings, 16), 0, descriptor);
    driver.offer(0);
    expect(driver.needsReset).toBe(true);
    expect(driver.used()).toEqual([]);
    driver.start();
    driver.send([part(0, 1)]);
    expect([driver.needsReset, machine.printed()]).toEqual([false, 'a']);
  });

  it('needs a reset after nested indirection, a wild head, too many heads, readable after writable', () => {
    const breaches = [
      () => {
        driver.putDescriptor(machine.ram(TABLE, 16), 0, { address: TABLE, length: 16, flags: INDIRECT });
        driver.send([{ address: TABLE, length: 16, flags: INDIRECT }]);
      },
      () => driver.offer(QUEUE_SIZE),
      () => {
        machine.ram(driver.rings + 0x102n, 2).writeUInt16LE(QUEUE_SIZE + 1);
        driver.write(0x50, TRANSMIT);
      },
      () => driver.send([part(0, 1, WRITE), part(1, 1)]),
    ];
    for (const breach of breaches) {
      driver.start();
      breach();
      expect(driver.needsReset).toBe(true);
    }
  });

  it.each([
    ['driver ring', { rings: RAM_GPA + 0x1001n, descriptors: RAM_GPA + 0x1000n, used: RAM_GPA + 0x2000n }],
    ['descriptors', { descriptors: RAM_GPA + 0x4008n }],
    ['device ring', { used: RAM_GPA + 0x5001n }],
  ])('refuses an unaligned %s', (_name, rings) => {
    driver.start(rings);
    driver.send([part(0, 1)]);
    machine.ram(RAM_GPA + 0x1000n, 0x400).fill(1);
    driver.write(0x50, TRANSMIT);
    expect(driver.needsReset).toBe(true);
  });

  it('keeps the addresses of a queue that is ready', () => {
    driver.write(0x90, 0);
    driver.write(0x38, 4);
    driver.send([part(0, 1)]);
    expect(machine.printed()).toBe('a');
  });

  it('stays within the sandbox and ends, whatever lies in the rings', () => {
    const word = fc.oneof(
      fc.constantFrom(RAM_GPA, TABLE, DATA, END, END - 8n, 0n, driver.rings),
      fc.bigInt({ min: RAM_GPA, max: END }),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    );
    const descriptor = fc.record({
      address: word,
      length: fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 0xffff_ffff })),
      flags: fc.integer({ min: 0, max: 7 }),
      next: fc.integer({ min: 0, max: 9 }),
    });
    const table = fc.array(descriptor, { minLength: 8, maxLength: 8 });
    const property = fc.property(
      table,
      table,
      fc.array(fc.nat(9)),
      fc.constantFrom([0, 0], [0, 1], [1, 0], [2, 0]),
      (direct, indirect, heads, [slot, queue]) => {
        const victim = new VirtioDriver(machine, slot!, queue);
        victim.start();
        for (const [i, row] of direct.entries()) victim.putDescriptor(machine.ram(victim.rings, 128), i, row);
        for (const [i, row] of indirect.entries()) victim.putDescriptor(machine.ram(TABLE, 128), i, row);
        for (const head of heads) victim.offer(head);
        machine.exports.pollVirtioDevices();
        victim.write(0x70, 0);
        machine.exports.pollVirtioDevices();
      },
    );
    fc.assert(property, { seed: 42, numRuns: 300 });
    driver.start();
    driver.send([part(0, 1)]);
    expect(driver.used()).toHaveLength(1);
  });
});
