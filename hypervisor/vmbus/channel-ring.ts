// The host's end of a channel ring (abi/vmbus.ts). The host keeps its own index in private and copies every field of
// a packet once; what the guest writes into the control page can only spoil the guest's own data.
import { HV_PAGE_SIZE } from '../abi/hypercalls.ts';
import {
  CHANNEL_MAX_PAYLOAD_BYTES,
  RING_MAX_DATA_BYTES,
  RING_PACKET_HEADER_BYTES,
  RING_READ_INDEX,
  RING_WRITE_INDEX,
  VM_PKT_DATA_INBAND,
} from '../abi/vmbus.ts';
import type { GuestMemory } from '../platform/guest-memory.ts';

/** The guest broke the ring's rules; the channel is closed. */
export class RingFault extends Error {
  readonly code = 'RING_FAULT';
}

/** Receives one packet; `copyPayload` must be called at most once, before the call returns. */
export type PacketSink = (
  payloadBytes: number,
  transactionLo: number,
  transactionHi: number,
  copyPayload: (target: Uint8Array, offset: number) => void,
) => boolean;

/** Whether a ring of `pages` pages (control page included) at `gpa` is acceptable. */
export function isRingAcceptable(memory: GuestMemory, gpa: number, pages: number): boolean {
  if (gpa % HV_PAGE_SIZE !== 0 || gpa === 0 || pages < 2) return false;
  const dataBytes = (pages - 1) * HV_PAGE_SIZE;
  return dataBytes <= RING_MAX_DATA_BYTES && memory.contains(gpa, pages * HV_PAGE_SIZE);
}

abstract class Ring {
  protected readonly memory: GuestMemory;
  protected readonly control: number;
  protected readonly data: number;
  protected readonly dataBytes: number;

  constructor(memory: GuestMemory, gpa: number, pages: number) {
    this.memory = memory;
    this.control = gpa >>> 2;
    this.data = gpa + HV_PAGE_SIZE;
    this.dataBytes = (pages - 1) * HV_PAGE_SIZE;
  }

  /** Fetches an index of the guest's once and refuses what no correct guest writes. */
  protected fetchIndex(field: number): number {
    const index = Atomics.load(this.memory.words, this.control + (field >>> 2)) >>> 0;
    if (index >= this.dataBytes || (index & 7) !== 0) {
      throw new RingFault(`ring index ${index} in a ring of ${this.dataBytes} bytes`);
    }
    return index;
  }

  protected advance(index: number, bytes: number): number {
    const next = index + bytes;
    return next >= this.dataBytes ? next - this.dataBytes : next;
  }
}

/** Reads what the guest produces. */
export class RingReader extends Ring {
  #read = 0;

  /**
   * Hands every waiting packet to `sink`, in order, until the ring is empty or the sink returns false (the packet
   * then stays). Takes a ringful at most, however fast it is filled meanwhile. @returns the number of packets taken @throws RingFault
   */
  drain(sink: PacketSink): number {
    let taken = 0;
    let leftBytes = this.dataBytes;
    const { words } = this.memory;
    for (let write = this.fetchIndex(RING_WRITE_INDEX); this.#read !== write && leftBytes > 0; ) {
      const available = write > this.#read ? write - this.#read : this.dataBytes - this.#read + write;
      const at = (this.data + this.#read) >>> 2;
      const type = words[at] as number;
      const payloadBytes = (words[at + 1] as number) >>> 0;
      const transactionAt = (this.data + this.advance(this.#read, 8)) >>> 2;
      const lo = (words[transactionAt] as number) >>> 0;
      const hi = (words[transactionAt + 1] as number) >>> 0;
      const total = RING_PACKET_HEADER_BYTES + ((payloadBytes + 7) & ~7);
      if (type !== VM_PKT_DATA_INBAND || payloadBytes > CHANNEL_MAX_PAYLOAD_BYTES || total > available) {
        throw new RingFault(`packet of type ${type} with ${payloadBytes} bytes, ${available} in the ring`);
      }
      const from = this.advance(this.#read, RING_PACKET_HEADER_BYTES);
      const copy = (target: Uint8Array, offset: number) => this.#copy(from, payloadBytes, target, offset);
      if (!sink(payloadBytes, lo, hi, copy)) break;
      taken++;
      leftBytes -= total;
      this.#read = this.advance(this.#read, total);
      Atomics.store(words, this.control + (RING_READ_INDEX >>> 2), this.#read);
      if (this.#read === write) write = this.fetchIndex(RING_WRITE_INDEX);
    }
    return taken;
  }

  #copy(from: number, length: number, target: Uint8Array, offset: number): void {
    const first = Math.min(length, this.dataBytes - from);
    const { bytes } = this.memory;
    target.set(bytes.subarray(this.data + from, this.data + from + first), offset);
    if (length > first) target.set(bytes.subarray(this.data, this.data + length - first), offset + first);
  }
}

/** Writes what the guest consumes. */
export class RingWriter extends Ring {
  #write = 0;

  /** Appends a packet; false when there is no room. @throws RingFault */
  write(type: number, payload: Uint8Array, transactionLo: number, transactionHi: number): boolean {
    const read = this.fetchIndex(RING_READ_INDEX);
    const used = this.#write >= read ? this.#write - read : this.dataBytes - read + this.#write;
    const total = RING_PACKET_HEADER_BYTES + ((payload.length + 7) & ~7);
    if (total > this.dataBytes - used - 8) return false;
    const { words, bytes } = this.memory;
    const at = (this.data + this.#write) >>> 2;
    words[at] = type;
    words[at + 1] = payload.length;
    const transactionAt = (this.data + this.advance(this.#write, 8)) >>> 2;
    words[transactionAt] = transactionLo;
    words[transactionAt + 1] = transactionHi;
    const to = this.advance(this.#write, RING_PACKET_HEADER_BYTES);
    const first = Math.min(payload.length, this.dataBytes - to);
    bytes.set(first === payload.length ? payload : payload.subarray(0, first), this.data + to);
    if (payload.length > first) bytes.set(payload.subarray(first), this.data);
    this.#write = this.advance(this.#write, total);
    Atomics.store(words, this.control + (RING_WRITE_INDEX >>> 2), this.#write);
    return true;
  }

  /** Whether a packet of this size can ever fit. */
  fits(payloadBytes: number): boolean {
    return RING_PACKET_HEADER_BYTES + ((payloadBytes + 7) & ~7) <= this.dataBytes - 8;
  }
}
