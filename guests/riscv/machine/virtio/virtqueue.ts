// Split virtqueues (virtio 1.3 §2.7), device side. The driver is hostile: every field is read once, every address is
// checked to lie in RAM with 64-bit arithmetic, every chain is bounded by the queue's size. What breaks the rules puts
// the device into DEVICE_NEEDS_RESET; nothing else happens.
//
// The chain taken last lies at CHAIN: count u32, readable bytes u32, writable bytes u32, then per segment 16 bytes:
// host pointer u32, length u32, 1 if writable by the device u32.
import { CHAIN_SCRATCH } from '../devices/device-memory.ts';
import { ramPointer, ramWritten } from '../hart/hart.ts';
import { RAM_BASE, RAM_GPA } from '../memory/layout.ts';
import {
  QUEUE_DESCRIPTORS,
  QUEUE_DEVICE,
  QUEUE_DRIVER,
  QUEUE_NEXT_AVAILABLE,
  QUEUE_NEXT_USED,
  QUEUE_READY,
  QUEUE_SIZE,
  STATUS,
  STATUS_DRIVER_OK,
  STATUS_NEEDS_RESET,
  virtioDevice,
  virtioQueue,
} from './device-state.ts';
import { INTERRUPT_CONFIG, INTERRUPT_USED_RING, raiseInterrupt } from './interrupts.ts';

export const CHAIN: usize = CHAIN_SCRATCH + 0x1000;
export const CHAIN_READABLE: usize = CHAIN + 4;
export const CHAIN_WRITABLE: usize = CHAIN + 8;
const SEGMENTS: usize = CHAIN + 16;
const SEGMENT_BYTES: usize = 16;

const DESCRIPTOR_BYTES: u32 = 16;
const FLAG_NEXT: u32 = 1;
const FLAG_WRITE: u32 = 2;
const FLAG_INDIRECT: u32 = 4;
const AVAILABLE_NO_INTERRUPT: u32 = 1;
/** Sum of a chain's lengths: far more than any driver asks for, and no 32-bit sum can wrap below it. */
const MAX_CHAIN_BYTES: u64 = 0x4000_0000;

export const NO_CHAIN: i32 = -1;

/** Whether the driver has set the queue up and the device may touch it. */
export function isQueueLive(index: u32, queue: u32): bool {
  const device = virtioDevice(index);
  const status = load<u32>(device + STATUS);
  const isRunning = (status & STATUS_DRIVER_OK) != 0 && (status & STATUS_NEEDS_RESET) == 0;
  return isRunning && load<u32>(virtioQueue(device, queue) + QUEUE_READY) != 0;
}

/** The driver broke the rules: the device stops until it is reset (§2.1.2). */
export function needsReset(index: u32): void {
  const device = virtioDevice(index);
  store<u32>(device + STATUS, load<u32>(device + STATUS) | STATUS_NEEDS_RESET);
  raiseInterrupt(index, INTERRUPT_CONFIG);
}

/** Takes the next available chain; its head, or NO_CHAIN when there is none (or the driver broke the rules). */
export function takeChain(index: u32, queueIndex: u32): i32 {
  if (!isQueueLive(index, queueIndex)) return NO_CHAIN;
  const queue = virtioQueue(virtioDevice(index), queueIndex);
  const size = load<u32>(queue + QUEUE_SIZE);
  const driver = ramPointer(load<u64>(queue + QUEUE_DRIVER), 4 + 2 * size);
  const table = ramPointer(load<u64>(queue + QUEUE_DESCRIPTORS), DESCRIPTOR_BYTES * size);
  // Unaligned rings are refused (§2.7): an atomic access to one would end the whole partition.
  if (driver == 0 || table == 0 || (driver & 1) != 0 || (table & 15) != 0) {
    needsReset(index);
    return NO_CHAIN;
  }
  const available = atomic.load<u16>(driver + 2);
  const next = load<u32>(queue + QUEUE_NEXT_AVAILABLE) & 0xffff;
  if (<u32>available == next) return NO_CHAIN;
  const head = <u32>load<u16>(driver + 4 + ((next & (size - 1)) << 1));
  if (((<u32>available - next) & 0xffff) > size || head >= size || !walk(table, size, head)) {
    needsReset(index);
    return NO_CHAIN;
  }
  store<u32>(queue + QUEUE_NEXT_AVAILABLE, (next + 1) & 0xffff);
  return <i32>head;
}

/** Puts the segments of the chain at `head` into CHAIN. False when the chain is malformed. */
function walk(table: usize, size: u32, head: u32): bool {
  store<u32>(CHAIN, 0);
  store<u32>(CHAIN_READABLE, 0);
  store<u32>(CHAIN_WRITABLE, 0);
  let at = table;
  let count = size;
  let position = head;
  let isIndirect = false;
  let total: u64 = 0;
  for (let steps: u32 = 0; steps <= size; steps++) {
    if (position >= count) return false;
    const descriptor = at + ((<usize>position) << 4);
    const address = load<u64>(descriptor);
    const length = load<u32>(descriptor, 8);
    const flags = <u32>load<u16>(descriptor, 12);
    const next = <u32>load<u16>(descriptor, 14);
    if ((flags & FLAG_INDIRECT) != 0) {
      // An indirect table is the chain's last descriptor in its queue and does not nest (§2.7.5.3).
      if (isIndirect || (flags & FLAG_NEXT) != 0 || length == 0 || length % DESCRIPTOR_BYTES != 0)
        return false;
      count = length / DESCRIPTOR_BYTES;
      if (count > size) return false;
      at = ramPointer(address, length);
      if (at == 0) return false;
      isIndirect = true;
      position = 0;
      continue;
    }
    total += length;
    if (total > MAX_CHAIN_BYTES || !addSegment(address, length, (flags & FLAG_WRITE) != 0)) return false;
    if ((flags & FLAG_NEXT) == 0) return true;
    position = next;
  }
  return false;
}

function addSegment(address: u64, length: u32, isWritable: bool): bool {
  if (length == 0) return true;
  const pointer = ramPointer(address, length);
  if (pointer == 0) return false;
  // All that the device reads comes before all that it writes (§2.7.4.2).
  if (!isWritable && load<u32>(CHAIN_WRITABLE) > 0) return false;
  const count = load<u32>(CHAIN);
  const segment = SEGMENTS + <usize>count * SEGMENT_BYTES;
  store<u32>(segment, <u32>pointer);
  store<u32>(segment, length, 4);
  store<u32>(segment, isWritable ? 1 : 0, 8);
  store<u32>(CHAIN, count + 1);
  const sum = isWritable ? CHAIN_WRITABLE : CHAIN_READABLE;
  store<u32>(sum, load<u32>(sum) + length);
  return true;
}

/** Segments of the chain taken last. */
export function chainSegments(): u32 {
  return load<u32>(CHAIN);
}

export function segmentPointer(segment: u32): usize {
  return <usize>load<u32>(SEGMENTS + <usize>segment * SEGMENT_BYTES);
}

export function segmentLength(segment: u32): u32 {
  return load<u32>(SEGMENTS + <usize>segment * SEGMENT_BYTES, 4);
}

export function isSegmentWritable(segment: u32): bool {
  return load<u32>(SEGMENTS + <usize>segment * SEGMENT_BYTES, 8) != 0;
}

/** Copies up to `length` bytes from the chain's readable part, from `offset`, to `target`; returns how many. */
export function readChain(offset: u32, target: usize, length: u32): u32 {
  let skip = offset;
  let done: u32 = 0;
  for (let i: u32 = 0; i < chainSegments() && done < length && !isSegmentWritable(i); i++) {
    const bytes = segmentLength(i);
    if (skip >= bytes) {
      skip -= bytes;
      continue;
    }
    const part = min<u32>(bytes - skip, length - done);
    memory.copy(target + done, segmentPointer(i) + skip, part);
    done += part;
    skip = 0;
  }
  return done;
}

/** The device wrote `length` bytes of RAM at `pointer`: code there is decoded anew. */
export function noteWritten(pointer: usize, length: u32): void {
  ramWritten(RAM_GPA + (pointer - RAM_BASE), length);
}

/** Gives the chain back with `written` bytes written to it, and interrupts unless the driver asked not to. */
export function completeChain(index: u32, queueIndex: u32, head: u32, written: u32): void {
  if (!isQueueLive(index, queueIndex)) return;
  const queue = virtioQueue(virtioDevice(index), queueIndex);
  const size = load<u32>(queue + QUEUE_SIZE);
  const device = ramPointer(load<u64>(queue + QUEUE_DEVICE), 4 + 8 * size);
  const driver = ramPointer(load<u64>(queue + QUEUE_DRIVER), 4);
  if (device == 0 || driver == 0 || (device & 3) != 0 || (driver & 1) != 0) {
    needsReset(index);
    return;
  }
  const next = load<u32>(queue + QUEUE_NEXT_USED);
  const element = device + 4 + ((next & (size - 1)) << 3);
  store<u32>(element, head);
  store<u32>(element, written, 4);
  store<u32>(queue + QUEUE_NEXT_USED, (next + 1) & 0xffff);
  atomic.store<u16>(device + 2, <u16>(next + 1));
  if ((<u32>load<u16>(driver) & AVAILABLE_NO_INTERRUPT) == 0) raiseInterrupt(index, INTERRUPT_USED_RING);
}
