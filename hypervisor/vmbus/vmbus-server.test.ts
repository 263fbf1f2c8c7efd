// Control messages, and the life of a channel as both sides see it.
import { describe, expect, it } from 'vitest';
import { FRAME_CLOSE, FRAME_COMPLETION, FRAME_DATA, FRAME_OPEN } from '../abi/frames.ts';
import {
  HV_STATUS_INVALID_CONNECTION_ID,
  HV_STATUS_INVALID_PARAMETER,
  HV_STATUS_OPERATION_DENIED,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import {
  CHANNELMSG_ALLOFFERS_DELIVERED,
  CHANNELMSG_CLOSECHANNEL,
  CHANNELMSG_OFFERCHANNEL,
  CHANNELMSG_OPENCHANNEL,
  CHANNELMSG_OPENCHANNEL_RESULT,
  CHANNELMSG_REQUESTOFFERS,
  CHANNELMSG_RESCIND_CHANNELOFFER,
  VM_PKT_COMP,
  VM_PKT_DATA_INBAND,
  VMBUS_SINT,
} from '../abi/vmbus.ts';
import { CallingPartition, SIM_PAGE } from '../hypercall/testing/calling-partition.ts';
import {
  CHANNEL_ABSENT,
  CHANNEL_OFFERED,
  CHANNEL_OPEN,
  CHANNEL_SERVICE,
  CHANNEL_STATE,
  channelWord,
  counterWord,
} from '../virtual-processor/control-block.ts';
import { IncomingChannels } from './incoming-channels.ts';

const CHANNEL = 3;
const RING = 0x4000;
const [OUT_PAGES, IN_PAGES] = [2, 2];
const SLOT = SIM_PAGE + VMBUS_SINT * 256;

function message(...words: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

class Bus extends CallingPartition {
  constructor() {
    super();
    this.enableSynic();
    const row = channelWord(CHANNEL);
    this.words[row + CHANNEL_SERVICE] = 9;
    this.words[row + CHANNEL_STATE] = CHANNEL_OFFERED;
  }

  get state(): number {
    return this.words[channelWord(CHANNEL) + CHANNEL_STATE] as number;
  }

  /** What the SynIC brought, oldest first. */
  received(): number[][] {
    const messages: number[][] = [];
    while (this.memory.words[SLOT >>> 2] !== 0) {
      const size = this.memory.bytes[SLOT + 4] as number;
      messages.push([...new Uint32Array(this.memory.bytes.slice(SLOT + 16, SLOT + 16 + size).buffer)]);
      this.put(SLOT, 0);
      this.synic.endOfMessage();
    }
    return messages;
  }

  open(gpa = RING, out = OUT_PAGES, incoming = IN_PAGES, channel = CHANNEL): number | undefined {
    this.vmbus.control(message(CHANNELMSG_OPENCHANNEL, 0, channel, gpa, out, incoming));
    return this.received().at(-1)?.[3];
  }

  close(channel = CHANNEL): number {
    return this.vmbus.control(message(CHANNELMSG_CLOSECHANNEL, 0, channel));
  }

  /** Puts one packet of 8 bytes where the host reads next, at the ring's start. */
  send(): number {
    this.put(RING + 4096, VM_PKT_DATA_INBAND, 8, 77, 0, 0x1234, 0);
    this.put(RING, 24);
    return this.vmbus.drainChannel(CHANNEL);
  }

  kinds(): number[] {
    return this.frames.map(({ kind }) => kind);
  }
}

describe('control messages', () => {
  it('bring the offers, then their end', () => {
    const bus = new Bus();
    expect(bus.vmbus.control(message(CHANNELMSG_REQUESTOFFERS, 0))).toBe(HV_STATUS_SUCCESS);
    const received = bus.received();
    expect(received.map(([type]) => type)).toEqual([CHANNELMSG_OFFERCHANNEL, CHANNELMSG_ALLOFFERS_DELIVERED]);
    expect(received[0]?.slice(2, 5)).toEqual([CHANNEL, 9, 0x1000 + CHANNEL]);
  });

  it.each([
    ['empty', message()],
    ['cut off', message(CHANNELMSG_REQUESTOFFERS)],
    ['too long', message(CHANNELMSG_REQUESTOFFERS, 0, 0)],
    ['reserved field set', message(CHANNELMSG_REQUESTOFFERS, 1)],
    ['unknown type', message(99, 0)],
    ["one of the host's own", message(CHANNELMSG_OFFERCHANNEL, 0)],
    ['open, too short', message(CHANNELMSG_OPENCHANNEL, 0, CHANNEL, RING, 2)],
    ['open of channel 0', message(CHANNELMSG_OPENCHANNEL, 0, 0, RING, 2, 2)],
    ['open of channel 64', message(CHANNELMSG_OPENCHANNEL, 0, 64, RING, 2, 2)],
    ['close of channel 2^32 - 1', message(CHANNELMSG_CLOSECHANNEL, 0, 0xffff_ffff)],
  ])('are refused when wrong: %s', (_name, bytes) => {
    const bus = new Bus();
    expect(bus.vmbus.control(bytes)).toBe(HV_STATUS_INVALID_PARAMETER);
    expect([bus.received(), bus.kinds()]).toEqual([[], []]);
  });
});

describe('a channel', () => {
  it('opens, carries, closes and opens again, in that order for the root partition', () => {
    const bus = new Bus();
    expect(bus.open()).toBe(HV_STATUS_SUCCESS);
    expect(bus.send()).toBe(HV_STATUS_SUCCESS);
    expect(bus.close()).toBe(HV_STATUS_SUCCESS);
    expect(bus.open()).toBe(HV_STATUS_SUCCESS);
    // A new ring starts empty for the host, whatever lies in the old one's memory.
    expect(bus.send()).toBe(HV_STATUS_SUCCESS);
    expect(bus.kinds()).toEqual([FRAME_OPEN, FRAME_DATA, FRAME_CLOSE, FRAME_OPEN, FRAME_DATA]);
    // Each opening has a number, which the root partition sends back.
    expect([bus.frames[0]?.transactionLo, bus.frames[3]?.transactionLo]).toEqual([1, 2]);
    expect(bus.frames[1]).toMatchObject({ channelId: CHANNEL, transactionLo: 77 });
    expect([...(bus.frames[1]?.payload ?? [])]).toEqual([0x34, 0x12, 0, 0, 0, 0, 0, 0]);
  });

  it.each([
    ['at 0', 0, 2, 2],
    ['unaligned', RING + 8, 2, 2],
    ['without data pages', RING, 1, 2],
    ['without a way back', RING, 2, 1],
    ['beyond memory', 0x1_f000, 2, 2],
    ['whose second part is beyond memory', 0x1_c000, 2, 3],
    ['of 2^32 pages', RING, 0xffff_ffff, 0xffff_ffff],
    ['that wraps', 0xffff_f000, 2, 2],
  ])('does not open with a ring %s', (_name, gpa, out, incoming) => {
    const bus = new Bus();
    expect(bus.open(gpa, out, incoming)).toBe(HV_STATUS_INVALID_PARAMETER);
    expect([bus.state, bus.kinds()]).toEqual([CHANNEL_OFFERED, []]);
  });

  it('does not open twice, nor when it was not offered, nor close when it is not open', () => {
    const bus = new Bus();
    expect(bus.close()).toBe(HV_STATUS_OPERATION_DENIED);
    expect(bus.open(RING, OUT_PAGES, IN_PAGES, CHANNEL + 1)).toBe(HV_STATUS_OPERATION_DENIED);
    bus.open();
    expect(bus.open(0x8000)).toBe(HV_STATUS_OPERATION_DENIED);
    expect(bus.kinds()).toEqual([FRAME_OPEN]);
    // The first ring is still the one.
    expect(bus.send()).toBe(HV_STATUS_SUCCESS);
  });

  it('carries nothing before it is open and after it is closed', () => {
    const bus = new Bus();
    expect(bus.send()).toBe(HV_STATUS_INVALID_CONNECTION_ID);
    bus.open();
    bus.close();
    expect(bus.send()).toBe(HV_STATUS_INVALID_CONNECTION_ID);
    expect(bus.kinds()).toEqual([FRAME_OPEN, FRAME_CLOSE]);
  });

  it('is closed and rescinded when its ring is broken, and the others go on', () => {
    const bus = new Bus();
    bus.open();
    bus.put(RING, 3);
    expect(bus.vmbus.drainChannel(CHANNEL)).toBe(HV_STATUS_INVALID_PARAMETER);
    expect(bus.received()).toEqual([[CHANNELMSG_RESCIND_CHANNELOFFER, 0, CHANNEL]]);
    expect([bus.state, bus.kinds()]).toEqual([CHANNEL_ABSENT, [FRAME_OPEN, FRAME_CLOSE]]);
    expect(bus.words[counterWord.ringFaults]).toBe(1);
    expect(bus.open()).toBe(HV_STATUS_OPERATION_DENIED);
    bus.words[channelWord(CHANNEL + 1) + CHANNEL_STATE] = CHANNEL_OFFERED;
    expect(bus.open(RING, OUT_PAGES, IN_PAGES, CHANNEL + 1)).toBe(HV_STATUS_SUCCESS);
  });

  it('hands the packets before a broken one over', () => {
    const bus = new Bus();
    bus.open();
    bus.put(RING + 4096, VM_PKT_DATA_INBAND, 0, 1, 0, 99, 0, 0, 0);
    bus.put(RING, 32);
    expect(bus.vmbus.drainChannel(CHANNEL)).toBe(HV_STATUS_INVALID_PARAMETER);
    expect(bus.kinds()).toEqual([FRAME_OPEN, FRAME_DATA, FRAME_CLOSE]);
  });

  it('tells of the result of opening', () => {
    const bus = new Bus();
    bus.vmbus.control(message(CHANNELMSG_OPENCHANNEL, 0, CHANNEL, RING, OUT_PAGES, IN_PAGES));
    expect(bus.received()).toEqual([[CHANNELMSG_OPENCHANNEL_RESULT, 0, CHANNEL, HV_STATUS_SUCCESS]]);
  });
});

describe('incoming packets', () => {
  const IN_RING = RING + OUT_PAGES * 4096;
  const frame = (bytes: number, transactionLo = 0) => ({
    kind: FRAME_COMPLETION,
    channelId: CHANNEL,
    transactionLo,
    transactionHi: 0,
    payload: new Uint8Array(bytes).fill(transactionLo),
  });
  /** Room for three packets of 1000 bytes in one page of data. */
  const PACKET_BYTES = 1000;
  const consumeAll = (bus: Bus): void => {
    bus.memory.words[(IN_RING >>> 2) + 1] = bus.memory.words[IN_RING >>> 2] as number;
  };

  function opened(): { bus: Bus; incoming: IncomingChannels } {
    const bus = new Bus();
    bus.open();
    const incoming = new IncomingChannels(bus.controlBlock, bus.memory);
    incoming.noteOpening(CHANNEL, 1);
    return { bus, incoming };
  }

  it('arrive in the ring', () => {
    const { bus, incoming } = opened();
    incoming.deliver(frame(8, 5));
    expect([...bus.memory.words.slice((IN_RING + 4096) >>> 2, (IN_RING + 4120) >>> 2)]).toEqual([
      VM_PKT_COMP,
      8,
      5,
      0,
      0x0505_0505,
      0x0505_0505,
    ]);
    expect(incoming.takeTouched()).toEqual([CHANNEL]);
    expect(incoming.takeTouched()).toEqual([]);
  });

  it('wait for room, in order, and hold the sender back when too many wait', () => {
    const { bus, incoming } = opened();
    const total = 1200;
    for (let transaction = 0; transaction < total; transaction++)
      incoming.deliver(frame(PACKET_BYTES, transaction));
    expect(incoming.isFull).toBe(true);
    const transactions: number[] = [];
    while (transactions.length < total) {
      for (
        let at = bus.memory.words[(IN_RING >>> 2) + 1] as number;
        at !== bus.memory.words[IN_RING >>> 2];
      ) {
        transactions.push(bus.memory.words[(IN_RING + 4096 + ((at + 8) % 4096)) >>> 2] as number);
        at = (at + 16 + PACKET_BYTES) % 4096;
      }
      consumeAll(bus);
      incoming.retry();
    }
    expect(transactions).toEqual(Array.from({ length: total }, (_, index) => index));
    expect(incoming.isFull).toBe(false);
  });

  it('do not overtake one that waits, even where they would fit', () => {
    const { bus, incoming } = opened();
    // Four fill the page but for 24 bytes; the fifth waits, and the sixth is small.
    for (const transaction of [0, 1, 2, 3, 4]) incoming.deliver(frame(PACKET_BYTES, transaction));
    const written = bus.memory.words[IN_RING >>> 2];
    incoming.deliver(frame(0, 5));
    expect(bus.memory.words[IN_RING >>> 2]).toBe(written);
  });

  it.each([CHANNEL_OFFERED, CHANNEL_ABSENT])('are dropped while the channel is in state %i', (state) => {
    const { bus, incoming } = opened();
    bus.words[channelWord(CHANNEL) + CHANNEL_STATE] = state;
    incoming.deliver(frame(8));
    expect(incoming.takeTouched()).toEqual([]);
    expect(bus.memory.words[IN_RING >>> 2]).toBe(0);
  });

  it('end a channel whose read index is wild or whose ring is too small for them', () => {
    for (const spoil of [
      ({ bus }: { bus: Bus }) => bus.put(IN_RING + 4, 13),
      ({ incoming }: { incoming: IncomingChannels }) => incoming.deliver(frame(5000)),
    ]) {
      const both = opened();
      spoil(both);
      both.incoming.deliver(frame(8));
      expect(both.bus.state).toBe(CHANNEL_ABSENT);
      expect(both.bus.words[counterWord.ringFaults]).toBe(1);
    }
  });

  it('go to the ring of the opening that they were sent for, or nowhere', () => {
    const { bus, incoming } = opened();
    const NEXT = 0xa000;
    const written = () => bus.memory.words[(NEXT + OUT_PAGES * 4096) >>> 2];
    incoming.deliver(frame(8));
    bus.close();
    bus.open(NEXT);
    expect(bus.state).toBe(CHANNEL_OPEN);
    // The root partition has not heard of it when it sends this.
    incoming.deliver(frame(8, 8));
    expect(written()).toBe(0);
    incoming.noteOpening(CHANNEL, 2);
    incoming.deliver(frame(8, 9));
    expect(written()).toBe(24);
  });

  it('go nowhere when they waited for room until another opening', () => {
    const { bus, incoming } = opened();
    for (let transaction = 0; transaction < 8; transaction++)
      incoming.deliver(frame(PACKET_BYTES, transaction));
    bus.close();
    bus.open(RING);
    // The guest gives its new ring an empty beginning, as drivers do.
    bus.put(IN_RING, 0, 0);
    incoming.noteOpening(CHANNEL, 2);
    incoming.retry();
    expect(bus.memory.words[IN_RING >>> 2]).toBe(0);
    incoming.deliver(frame(8, 9));
    expect(bus.memory.words[IN_RING >>> 2]).toBe(24);
  });
});
