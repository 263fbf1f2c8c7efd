// Message slots, their queues and event flags, with a guest that takes its messages and one that does not.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  HV_STATUS_INSUFFICIENT_BUFFERS,
  HV_STATUS_INVALID_SYNIC_STATE,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import { HV_MESSAGE_MAX_PAYLOAD, HV_SINT_MASKED, HV_SYNIC_SINT_COUNT } from '../abi/synic.ts';
import { VMBUS_SINT } from '../abi/vmbus.ts';
import { CallingPartition, SIEF_PAGE, SIM_PAGE } from '../hypercall/testing/calling-partition.ts';
import {
  CB_SCONTROL,
  CB_SIEFP,
  CB_SIMP,
  CB_SINT,
  CB_SYNIC_LOCK,
  CB_WAKE,
  QUEUE_SLOTS,
  queueWord,
  VMBUS_QUEUE_SLOTS,
} from '../virtual-processor/control-block.ts';

const SINT = 5;
const OTHER = 6;

function receiving(): CallingPartition {
  const partition = new CallingPartition();
  partition.enableSynic();
  partition.words[CB_SINT + SINT] = 0;
  partition.words[CB_SINT + OTHER] = 0;
  return partition;
}

interface Slot {
  type: number;
  size: number;
  isMorePending: boolean;
  payload: Uint8Array;
}

function slotOf({ memory }: CallingPartition, sint: number): Slot {
  const at = SIM_PAGE + sint * 256;
  const size = memory.bytes[at + 4] as number;
  return {
    type: memory.words[at >>> 2] as number,
    size,
    isMorePending: memory.bytes[at + 5] === 1,
    payload: memory.bytes.slice(at + 16, at + 16 + size),
  };
}

/** What a guest does: takes the message, empties the slot, and writes EOM if more is pending. */
function take(partition: CallingPartition, sint: number): Slot {
  const slot = slotOf(partition, sint);
  partition.put(SIM_PAGE + sint * 256, 0);
  if ((partition.memory.bytes[SIM_PAGE + sint * 256 + 5] as number) & 1) partition.synic.endOfMessage();
  return slot;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('messages', () => {
  it('come in order, however posting and taking alternate, past the wrap of the counts', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.constantFrom(SINT, OTHER, VMBUS_SINT)), {
      minLength: 120,
      maxLength: 300,
    });
    const firstCounts = fc.constantFrom(0, 0x7fff_fff8, 0xffff_fff8, 15);
    const property = fc.property(steps, firstCounts, (sequence, first) => {
      const partition = receiving();
      for (const sint of [SINT, OTHER]) partition.words.fill(first | 0, queueWord(sint), queueWord(sint) + 2);
      const expected = new Map<number, number[]>([SINT, OTHER, VMBUS_SINT].map((sint) => [sint, []]));
      sequence.forEach(([isPost, sint], index) => {
        const queue = expected.get(sint) ?? [];
        if (isPost) {
          const limit = (sint === VMBUS_SINT ? VMBUS_QUEUE_SLOTS : QUEUE_SLOTS) + 1;
          const status = partition.synic.post(sint, index + 1, bytes(index & 255, sint));
          expect(status).toBe(queue.length < limit ? HV_STATUS_SUCCESS : HV_STATUS_INSUFFICIENT_BUFFERS);
          if (status === HV_STATUS_SUCCESS) queue.push(index);
        } else if (queue.length > 0) {
          const wanted = queue.shift() as number;
          const slot = take(partition, sint);
          expect([slot.type, ...slot.payload]).toEqual([wanted + 1, wanted & 255, sint]);
        } else expect(slotOf(partition, sint).type).toBe(0);
      });
    });
    fc.assert(property, { seed: 3, numRuns: 300 });
  });

  it('are refused while the SynIC is off or the SINT masked, and wait while the page is off', () => {
    const partition = receiving();
    const post = (): number => partition.synic.post(SINT, 1, bytes(1));
    partition.words[CB_SCONTROL] = 0;
    expect(post()).toBe(HV_STATUS_INVALID_SYNIC_STATE);
    partition.words[CB_SCONTROL] = 1;
    partition.words[CB_SINT + SINT] = HV_SINT_MASKED;
    expect(post()).toBe(HV_STATUS_INVALID_SYNIC_STATE);
    partition.words[CB_SINT + SINT] = 0;
    partition.words[CB_SIMP] = SIM_PAGE;
    expect(post()).toBe(HV_STATUS_SUCCESS);
    expect(slotOf(partition, SINT).type).toBe(0);
    partition.words[CB_SIMP] = SIM_PAGE | 1;
    partition.synic.endOfMessage();
    expect(slotOf(partition, SINT).type).toBe(1);
  });

  it('never leave their slot, whatever their length, and leave nothing of an earlier one', () => {
    const partition = receiving();
    for (const length of [0, 1, HV_MESSAGE_MAX_PAYLOAD]) {
      partition.memory.bytes.fill(0xee, SIM_PAGE, SIM_PAGE + 4096);
      partition.put(SIM_PAGE + SINT * 256, 0);
      expect(partition.synic.post(SINT, 9, new Uint8Array(length).fill(7))).toBe(HV_STATUS_SUCCESS);
      const slot = partition.memory.bytes.slice(SIM_PAGE + SINT * 256, SIM_PAGE + SINT * 256 + 256);
      expect([...slot.slice(16)]).toEqual(Array.from({ length: 240 }, (_, i) => (i < length ? 7 : 0)));
      for (const [from, to] of [
        [0, SINT * 256],
        [(SINT + 1) * 256, 4096],
      ] as const)
        expect(partition.memory.bytes.subarray(SIM_PAGE + from, SIM_PAGE + to).every((b) => b === 0xee)).toBe(
          true,
        );
      take(partition, SINT);
    }
  });

  it('wake the partition', () => {
    const partition = receiving();
    const before = partition.words[CB_WAKE] as number;
    partition.synic.post(SINT, 1, bytes());
    expect(partition.words[CB_WAKE]).toBe(before + 1);
  });

  it('of one SINT do not hold up those of another', () => {
    const partition = receiving();
    for (let count = 0; count <= QUEUE_SLOTS; count++) partition.synic.post(SINT, 1, bytes());
    expect(partition.synic.post(SINT, 1, bytes())).toBe(HV_STATUS_INSUFFICIENT_BUFFERS);
    expect(partition.synic.post(OTHER, 2, bytes())).toBe(HV_STATUS_SUCCESS);
    expect(slotOf(partition, OTHER).type).toBe(2);
  });
});

describe('event flags', () => {
  it('set exactly the bit of their SINT', () => {
    const partition = receiving();
    for (const flag of [0, 1, 31, 32, 2047]) {
      partition.memory.bytes.fill(0, SIEF_PAGE, SIEF_PAGE + 4096);
      expect(partition.synic.signal(SINT, flag)).toBe(HV_STATUS_SUCCESS);
      const page = partition.memory.bytes.slice(SIEF_PAGE, SIEF_PAGE + 4096);
      const set = [...page.entries()].filter(([, value]) => value !== 0);
      expect(set).toEqual([[SINT * 256 + (flag >>> 3), 1 << (flag & 7)]]);
    }
  });

  it('are refused beyond their range, for masked SINTs, and without a page', () => {
    const partition = receiving();
    for (const flag of [2048, 0xffff, 0xffff_ffff])
      expect(partition.synic.signal(SINT, flag)).toBe(HV_STATUS_INVALID_SYNIC_STATE);
    for (let sint = 0; sint < HV_SYNIC_SINT_COUNT; sint++) {
      if ([SINT, OTHER, VMBUS_SINT].includes(sint)) continue;
      expect(partition.synic.signal(sint, 0)).toBe(HV_STATUS_INVALID_SYNIC_STATE);
    }
    partition.words[CB_SIEFP] = SIEF_PAGE;
    expect(partition.synic.signal(SINT, 0)).toBe(HV_STATUS_INVALID_SYNIC_STATE);
    expect(partition.memory.bytes.subarray(SIEF_PAGE, SIEF_PAGE + 4096).every((b) => b === 0)).toBe(true);
  });
});

describe('a caller with next to no stack', () => {
  it('leaves the lock free, wherever the stack ends', () => {
    const partition = receiving();
    const { words, synic, memory } = partition;
    const payload = bytes(1, 2, 3);
    let ended = 0;
    let heldAfterwards = 0;
    /** Posts into an empty queue and slot, so that it is delivered at once, from ever deeper in the stack. */
    const postFrom = (depth: number, ...padding: number[]): number => {
      words.fill(0, queueWord(SINT), queueWord(SINT) + 2);
      memory.words[(SIM_PAGE + SINT * 256) >>> 2] = 0;
      try {
        synic.post(SINT, 1, payload);
      } catch {
        ended++;
        if (words[CB_SYNIC_LOCK] !== 0) heldAfterwards++;
        words[CB_SYNIC_LOCK] = 0;
      }
      return postFrom(depth + 1, ...padding) + padding.length;
    };
    // Frames of every size: one of them ends in the middle of it.
    for (let size = 0; size < 400; size += 4) {
      const padding = Array.from({ length: size }, (_, index) => index);
      expect(() => postFrom(0, ...padding)).toThrow(RangeError);
    }
    expect(ended).toBeGreaterThan(0);
    expect(heldAfterwards).toBe(0);
  });
});
