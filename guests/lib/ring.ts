// A channel ring seen from the guest (abi/vmbus.ts): one side produces, the other consumes; here both roles.
//
//   ring:  control page (write index +0, read index +4) | data pages

import { HV_PAGE_SIZE } from '../../hypervisor/abi/hypercalls.ts';
import { RING_PACKET_HEADER_BYTES, RING_READ_INDEX, RING_WRITE_INDEX } from '../../hypervisor/abi/vmbus.ts';

function align8(bytes: u32): u32 {
  return (bytes + 7) & ~7;
}

/** Bytes a packet with this payload takes in a ring. */
export function ringPacketBytes(payloadBytes: u32): u32 {
  return RING_PACKET_HEADER_BYTES + align8(payloadBytes);
}

/** Bytes that a producer may still write. */
export function ringFreeBytes(ring: usize, dataBytes: u32): u32 {
  const write = atomic.load<u32>(ring + RING_WRITE_INDEX);
  const read = atomic.load<u32>(ring + RING_READ_INDEX);
  const used = write >= read ? write - read : dataBytes - read + write;
  return dataBytes - used - 8;
}

function copyIn(ring: usize, dataBytes: u32, index: u32, source: usize, length: u32): void {
  const data = ring + HV_PAGE_SIZE;
  const first = min(length, dataBytes - index);
  memory.copy(data + index, source, first);
  if (length > first) memory.copy(data, source + first, length - first);
}

function copyOut(ring: usize, dataBytes: u32, index: u32, target: usize, length: u32): void {
  const data = ring + HV_PAGE_SIZE;
  const first = min(length, dataBytes - index);
  memory.copy(target, data + index, first);
  if (length > first) memory.copy(target + first, data, length - first);
}

function advance(index: u32, bytes: u32, dataBytes: u32): u32 {
  const next = index + bytes;
  return next >= dataBytes ? next - dataBytes : next;
}

/**
 * Appends a packet whose payload is `head` (headBytes, a multiple of 8 unless `body` is empty) followed by `body`.
 * False when the ring has no room; nothing is written then.
 */
export function ringWrite(
  ring: usize,
  dataBytes: u32,
  packetType: u32,
  transaction: u64,
  head: usize,
  headBytes: u32,
  body: usize,
  bodyBytes: u32,
): bool {
  const total = ringPacketBytes(headBytes + bodyBytes);
  if (total > ringFreeBytes(ring, dataBytes)) return false;
  const write = atomic.load<u32>(ring + RING_WRITE_INDEX);
  // Indices are multiples of 8 and so is the ring: neither half of the header can wrap in its middle.
  const data = ring + HV_PAGE_SIZE;
  store<u32>(data + write, packetType);
  store<u32>(data + write, headBytes + bodyBytes, 4);
  store<u64>(data + advance(write, 8, dataBytes), transaction);
  const payload = advance(write, RING_PACKET_HEADER_BYTES, dataBytes);
  copyIn(ring, dataBytes, payload, head, headBytes);
  if (bodyBytes > 0) copyIn(ring, dataBytes, advance(payload, headBytes, dataBytes), body, bodyBytes);
  atomic.store<u32>(ring + RING_WRITE_INDEX, advance(write, total, dataBytes));
  return true;
}

/** Whether a packet waits. */
export function ringHasPacket(ring: usize): bool {
  return atomic.load<u32>(ring + RING_WRITE_INDEX) != atomic.load<u32>(ring + RING_READ_INDEX);
}

/** Payload bytes of the waiting packet. */
export function ringPayloadBytes(ring: usize): u32 {
  return load<u32>(ring + HV_PAGE_SIZE + atomic.load<u32>(ring + RING_READ_INDEX), 4);
}

/** Type of the waiting packet (VM_PKT_*). */
export function ringPacketType(ring: usize): u32 {
  return load<u16>(ring + HV_PAGE_SIZE + atomic.load<u32>(ring + RING_READ_INDEX));
}

/** Transaction id of the waiting packet. */
export function ringTransaction(ring: usize, dataBytes: u32): u64 {
  return load<u64>(ring + HV_PAGE_SIZE + advance(atomic.load<u32>(ring + RING_READ_INDEX), 8, dataBytes));
}

/** Copies `length` bytes of the waiting packet's payload, from `offset` (a multiple of 8), to `target`. */
export function ringRead(ring: usize, dataBytes: u32, offset: u32, target: usize, length: u32): void {
  const read = atomic.load<u32>(ring + RING_READ_INDEX);
  copyOut(ring, dataBytes, advance(read, RING_PACKET_HEADER_BYTES + offset, dataBytes), target, length);
}

/** Takes the waiting packet off the ring. */
export function ringRelease(ring: usize, dataBytes: u32): void {
  const read = atomic.load<u32>(ring + RING_READ_INDEX);
  atomic.store<u32>(
    ring + RING_READ_INDEX,
    advance(read, ringPacketBytes(ringPayloadBytes(ring)), dataBytes),
  );
}
