// A virtio driver for tests: one queue of eight descriptors on an MMIO slot, and nothing that it would not do itself.
import { type DeviceMachine, RAM_GPA } from './device-machine.ts';

export const QUEUE_SIZE = 8;
export const NEXT = 1;
export const WRITE = 2;
export const INDIRECT = 4;

export interface Descriptor {
  address: bigint;
  length: number;
  flags: number;
  next?: number;
}

export class VirtioDriver {
  readonly slot: bigint;
  readonly machine: DeviceMachine;
  readonly queue: number;
  /** Where the rings are: descriptors, +0x100 driver, +0x200 device. */
  readonly rings: bigint;
  private available = 0;

  constructor(machine: DeviceMachine, slot: number, queue = 0) {
    this.machine = machine;
    this.slot = 0x10001000n + BigInt(slot) * 0x1000n;
    this.queue = queue;
    this.rings = RAM_GPA + 0x1000n * BigInt(slot + 8 * queue + 1);
  }

  read(register: number): number {
    return Number(this.machine.load(this.slot + BigInt(register), 4));
  }

  write(register: number, value: number): void {
    this.machine.store(this.slot + BigInt(register), 4, value);
  }

  /** Reset, features (VERSION_1 and INDIRECT), queue, DRIVER_OK. */
  start({ rings = this.rings, descriptors = rings, used = rings + 0x200n } = {}): void {
    this.available = 0;
    this.machine.ram(this.rings, 0x400).fill(0);
    this.write(0x70, 0);
    this.write(0x70, 3);
    this.write(0x24, 0);
    this.write(0x20, 1 << 28);
    this.write(0x24, 1);
    this.write(0x20, 1);
    this.write(0x70, 11);
    this.write(0x30, this.queue);
    this.write(0x38, QUEUE_SIZE);
    [descriptors, rings + 0x100n, used].forEach((address, i) => {
      this.write(0x80 + 16 * i, Number(address & 0xffffffffn));
      this.write(0x84 + 16 * i, Number(address >> 32n));
    });
    this.write(0x44, 1);
    this.write(0x70, 15);
  }

  putDescriptor(at: Buffer, index: number, { address, length, flags, next = 0 }: Descriptor): void {
    at.writeBigUInt64LE(address, 16 * index);
    at.writeUInt32LE(length, 16 * index + 8);
    at.writeUInt16LE(flags, 16 * index + 12);
    at.writeUInt16LE(next, 16 * index + 14);
  }

  /** Makes one chain of the descriptors from table index `first`, and kicks. */
  send(chain: Descriptor[], first = 0): void {
    const table = this.machine.ram(this.rings, 16 * QUEUE_SIZE);
    chain.forEach((descriptor, i) => {
      const isLast = i === chain.length - 1;
      this.putDescriptor(table, first + i, {
        ...descriptor,
        flags: descriptor.flags | (isLast ? 0 : NEXT),
        next: first + i + 1,
      });
    });
    this.offer(first);
  }

  offer(head: number): void {
    const ring = this.machine.ram(this.rings + 0x100n, 0x100);
    ring.writeUInt16LE(head, 4 + 2 * (this.available % QUEUE_SIZE));
    this.available = (this.available + 1) & 0xffff;
    ring.writeUInt16LE(this.available, 2);
    this.write(0x50, this.queue);
  }

  /** What the device gave back so far. */
  used(): { head: number; written: number }[] {
    const ring = this.machine.ram(this.rings + 0x200n, 0x100);
    return Array.from({ length: ring.readUInt16LE(2) }, (_, i) => ({
      head: ring.readUInt32LE(4 + 8 * (i % QUEUE_SIZE)),
      written: ring.readUInt32LE(8 + 8 * (i % QUEUE_SIZE)),
    }));
  }

  get needsReset(): boolean {
    return (this.read(0x70) & 64) !== 0;
  }
}
