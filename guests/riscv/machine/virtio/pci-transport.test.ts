// virtio over PCI (virtio 1.3 §4.1) behind the ECAM host bridge, found and driven as an operating system would.
import { beforeEach, describe, expect, it } from 'vitest';
import { DeviceMachine, RAM_GPA } from '../devices/testing/device-machine.ts';

const ECAM = 0x30000000n;
const BAR = 0x40008000n;
const NOTHING = 0xffffffffn;
/** The disk: device 2 (0 is the bridge, 1 the console), INTA on the third line. */
const DISK = 2;
const DISK_IRQ = 34;

let machine: DeviceMachine;
beforeEach(async () => {
  machine = await DeviceMachine.create({ virtio: 'pci', disk: Buffer.alloc(65536, 'disk') });
}, 120_000);

const configAt = (device: number, offset: number): bigint => ECAM + BigInt((device << 15) + offset);
const config = (device: number, offset: number, width = 4): number =>
  Number(machine.load(configAt(device, offset), width));
const setConfig = (offset: number, width: number, value: bigint | number): void =>
  machine.store(configAt(DISK, offset), width, value);

/** Offset within BAR 0 of each structure, by type: 1 common, 2 notify, 3 ISR, 4 device. */
function capabilities(device: number): Map<number, { offset: bigint; length: number }> {
  const found = new Map<number, { offset: bigint; length: number }>();
  for (let at = config(device, 0x34, 1); at !== 0; at = config(device, at + 1, 1)) {
    expect([config(device, at, 1), config(device, at + 4, 1)]).toEqual([9, 0]);
    const type = config(device, at + 3, 1);
    expect(found.has(type)).toBe(false);
    found.set(type, { offset: BigInt(config(device, at + 8)), length: config(device, at + 12) });
  }
  return found;
}

function enable(): void {
  setConfig(0x10, 4, BAR);
  setConfig(0x04, 2, 2);
}

describe('the PCI host bridge', () => {
  it('shows bridge, console, disk and entropy source, and nothing else', () => {
    const ids = Array.from({ length: 32 }, (_, device) => config(device, 0));
    expect(ids.slice(0, 4)).toEqual([0x00081b36, 0x10431af4, 0x10421af4, 0x10441af4]);
    expect(ids.slice(4).every((id) => id === 0xffff_ffff)).toBe(true);
    expect(machine.load(configAt(DISK, 0x1000), 4)).toBe(NOTHING);
  });

  it('sizes the BAR, and decodes it only when memory is enabled', () => {
    setConfig(0x10, 4, 0xffff_ffff);
    expect(config(DISK, 0x10)).toBe(0xffff_c000);
    setConfig(0x10, 4, BAR);
    expect(machine.load(BAR + 0x12n, 2)).toBe(0xffffn);
    setConfig(0x04, 2, 2);
    expect(machine.load(BAR + 0x12n, 2)).toBe(1n);
    expect(machine.load(BAR + 0x4000n, 4)).toBe(NOTHING);
  });

  it('keeps read-only registers', () => {
    for (let offset = 0x14; offset < 0x100; offset += 4) {
      const before = config(DISK, offset);
      if (offset !== 0x3c) setConfig(offset, 4, 0x5a5a_5a5a);
      expect(config(DISK, offset)).toBe(before);
    }
    setConfig(0, 4, 0);
    expect(config(DISK, 0)).toBe(0x10421af4);
  });
});

describe('virtio over PCI', () => {
  it('has the four structures within its BAR, apart from each other', () => {
    const structures = capabilities(DISK);
    expect([...structures.keys()].sort()).toEqual([1, 2, 3, 4]);
    expect([...capabilities(1).keys()].sort()).toEqual([1, 2, 3]);
    const ranges = [...structures.values()].sort((a, b) => Number(a.offset - b.offset));
    for (const [i, { offset, length }] of ranges.entries()) {
      expect(offset + BigInt(length)).toBeLessThanOrEqual(ranges[i + 1]?.offset ?? 0x4000n);
    }
  });

  it('reads a sector, interrupts on its line, and reading ISR acknowledges', () => {
    enable();
    const at = (type: number): bigint => BAR + capabilities(DISK).get(type)!.offset;
    const common = at(1);
    const write = (offset: number, width: number, value: bigint | number): void =>
      machine.store(common + BigInt(offset), width, value);
    for (const status of [0, 1, 3]) write(0x14, 1, status);
    write(0x08, 4, 1);
    write(0x0c, 4, 1);
    write(0x14, 1, 11);
    expect(machine.load(common + 0x14n, 1)).toBe(11n);
    write(0x16, 2, 0);
    write(0x18, 2, 4);
    const [table, driver, used] = [RAM_GPA + 0x1000n, RAM_GPA + 0x2000n, RAM_GPA + 0x3000n];
    for (const [i, address] of [table, driver, used].entries()) {
      write(0x20 + 8 * i, 4, address & NOTHING);
      write(0x24 + 8 * i, 4, address >> 32n);
    }
    write(0x1c, 2, 1);
    write(0x14, 1, 15);
    const descriptors = machine.ram(table, 48);
    for (const [i, [address, length, flags]] of [
      [0x4000, 16, 1],
      [0x5000, 512, 3],
      [0x6000, 1, 2],
    ].entries()) {
      descriptors.writeBigUInt64LE(RAM_GPA + BigInt(address!), 16 * i);
      descriptors.writeUInt32LE(length!, 16 * i + 8);
      descriptors.writeUInt16LE(flags!, 16 * i + 12);
      descriptors.writeUInt16LE(i + 1, 16 * i + 14);
    }
    machine.ram(driver, 8).writeUInt16LE(1, 2);
    machine.store(at(2), 2, 0);
    machine.exports.pollVirtioDevices();
    expect(machine.ram(RAM_GPA + 0x5000n, 8).toString()).toBe('diskdisk');
    expect(machine.ram(used, 16).readUInt16LE(2)).toBe(1);
    expect(machine.isPending(DISK_IRQ)).toBe(true);
    expect(machine.load(at(3), 1)).toBe(1n);
    expect([machine.isPending(DISK_IRQ), machine.load(at(3), 1)]).toEqual([false, 0n]);
  });

  it('is not on MMIO at the same time', () => {
    for (let slot = 0n; slot < 8n; slot++) {
      expect(machine.load(0x10001008n + slot * 0x1000n, 4)).toBe(0n);
    }
  });
});
