// A root partition for device tests: offers channels over SynIC messages and keeps their rings (abi/vmbus.ts), in
// memory. What a guest sent is in `received`; an answer goes out when the test, or a service of its own, says so.
import {
  HVCALL_POST_MESSAGE,
  HVCALL_SET_VP_REGISTERS,
  HVCALL_SIGNAL_EVENT,
} from '../../../../../hypervisor/abi/hypercalls.ts';
import { HV_REGISTER_EOM } from '../../../../../hypervisor/abi/synic.ts';

const VMBUS_REGION = 0x4000000;
const SLOT = VMBUS_REGION + 2 * 256;
const PAGE = 4096;

export interface Packet {
  transaction: bigint;
  payload: Buffer;
}

export interface StubChannel {
  service: number;
  label: string;
  ring: number;
  outBytes: number;
  inBytes: number;
  /** Called for each packet of the guest's; absent: they collect in `received`. */
  serve?: (packet: Packet) => void;
  received: Packet[];
}

export class VmbusStub {
  readonly channels: StubChannel[];
  readonly memory: WebAssembly.Memory;
  private readonly messages: Buffer[] = [];

  constructor(memory: WebAssembly.Memory, offers: { service: number; label: string }[]) {
    this.memory = memory;
    this.channels = offers.map((offer) => ({ ...offer, ring: 0, outBytes: 0, inBytes: 0, received: [] }));
  }

  channel(label: string): StubChannel {
    return this.channels.find((channel) => channel.label === label)!;
  }

  hypercall(control: number, input: number): number {
    const code = control & 0xffff;
    if (code === HVCALL_POST_MESSAGE) this.control(Buffer.from(this.memory.buffer, input + 16, 240));
    else if (code === HVCALL_SIGNAL_EVENT) this.drain(this.channels[input - 1]!);
    else if (code === HVCALL_SET_VP_REGISTERS) {
      if (new DataView(this.memory.buffer).getUint32(input + 16, true) === HV_REGISTER_EOM) this.deliver();
    }
    return 0;
  }

  private control(message: Buffer): void {
    const type = message.readUInt32LE(0);
    if (type === 3) {
      for (const [i, channel] of this.channels.entries()) {
        this.push([1, 0, i + 1, channel.service, i + 1, 0], channel.label);
      }
      this.push([4, 0]);
    } else if (type === 5) {
      const channel = this.channels[message.readUInt32LE(8) - 1]!;
      channel.ring = message.readUInt32LE(12);
      channel.outBytes = (message.readUInt32LE(16) - 1) * PAGE;
      channel.inBytes = (message.readUInt32LE(20) - 1) * PAGE;
      this.push([6, 0, message.readUInt32LE(8), 0]);
    }
    this.deliver();
  }

  private push(words: number[], label = ''): void {
    const message = Buffer.alloc(240);
    for (const [i, word] of words.entries()) message.writeUInt32LE(word, 4 * i);
    message.write(label, 24);
    this.messages.push(message);
  }

  /** Puts the next message into the slot when that is empty. */
  deliver(): void {
    const slot = Buffer.from(this.memory.buffer, SLOT, 256);
    if (slot.readUInt32LE(0) !== 0) return;
    const next = this.messages.shift();
    if (!next) return;
    slot.set(next, 16);
    slot[5] = this.messages.length > 0 ? 1 : 0;
    slot.writeUInt32LE(1, 0);
  }

  private drain(channel: StubChannel): void {
    const head = new DataView(this.memory.buffer, channel.ring);
    const data = Buffer.from(this.memory.buffer, channel.ring + PAGE, channel.outBytes);
    let read = head.getUint32(4, true);
    const packets: Packet[] = [];
    while (read !== head.getUint32(0, true)) {
      const take = (from: number, length: number): Buffer =>
        Buffer.from(Array.from({ length }, (_, i) => data[(read + from + i) % channel.outBytes]!));
      const length = take(4, 4).readUInt32LE(0);
      packets.push({ transaction: take(8, 8).readBigUInt64LE(0), payload: take(16, length) });
      read = (read + 16 + ((length + 7) & ~7)) % channel.outBytes;
    }
    head.setUint32(4, read, true);
    for (const packet of packets) {
      if (channel.serve) channel.serve(packet);
      else channel.received.push(packet);
    }
  }

  /** Puts a packet into the guest's incoming ring. */
  send(channel: StubChannel, packet: Packet, type = 11): void {
    const ring = channel.ring + channel.outBytes + PAGE;
    const head = new DataView(this.memory.buffer, ring);
    const data = Buffer.from(this.memory.buffer, ring + PAGE, channel.inBytes);
    const bytes = Buffer.alloc(16 + ((packet.payload.length + 7) & ~7));
    bytes.writeUInt16LE(type, 0);
    bytes.writeUInt32LE(packet.payload.length, 4);
    bytes.writeBigUInt64LE(packet.transaction, 8);
    packet.payload.copy(bytes, 16);
    const write = head.getUint32(0, true);
    bytes.forEach((byte, i) => {
      data[(write + i) % channel.inBytes] = byte;
    });
    head.setUint32(0, (write + bytes.length) % channel.inBytes, true);
  }
}
