// No hypercall takes long: each looks at a bounded part of guest memory, whatever its words and that memory say
// (hypervisor/docs/decisions/0011-hypercalls-without-continuations.md). A call without a bound fails here.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as calls from '../abi/hypercalls.ts';
import { HV_STATUS_INVALID_PARAMETER, HV_STATUS_SUCCESS } from '../abi/status.ts';
import { HV_REGISTER_VP_INDEX } from '../abi/synic.ts';
import { VM_PKT_DATA_INBAND, VMBUS_CHANNEL_CONNECTION_BASE } from '../abi/vmbus.ts';
import { createGuestMemory } from '../platform/guest-memory.ts';
import { WatchedMemory, watchAtomics } from '../platform/testing/watched-memory.ts';
import {
  CHANNEL_IN_PAGES,
  CHANNEL_OPEN,
  CHANNEL_OUT_PAGES,
  CHANNEL_RING_GPA,
  CHANNEL_STATE,
  channelWord,
} from '../virtual-processor/control-block.ts';
import { callForms } from './dispatcher.ts';
import { CallingPartition, PAGES } from './testing/calling-partition.ts';

const PAGE = calls.HV_PAGE_SIZE;
const RING = 0x4000;
const RING_PAGES = 8;
const MOST_REPS = 0xfff;
const PACKET_HEADER = 16;
const BLOCK = 0x2000;
/** Of a parameter block with registers: of this partition, this VP, no VTL. */
const header = [-1, -1, -2, 0];

/** Call → bytes of guest memory that it looks at, at most. */
const bounds = new Map<number, number>([
  [calls.HVCALL_NOTIFY_LONG_SPIN_WAIT, 0],
  [calls.HVCALL_CREATE_PARTITION, 0],
  [calls.HVCALL_INITIALIZE_PARTITION, 0],
  [calls.HVCALL_FINALIZE_PARTITION, 0],
  [calls.HVCALL_DELETE_PARTITION, 0],
  [calls.HVCALL_GET_PARTITION_PROPERTY, 0],
  [calls.HVCALL_SET_PARTITION_PROPERTY, 0],
  [calls.HVCALL_GET_PARTITION_ID, 0],
  [calls.HVCALL_GET_VP_REGISTERS, PAGE],
  [calls.HVCALL_SET_VP_REGISTERS, PAGE],
  [calls.HVCALL_POST_MESSAGE, 256],
  // A ringful; its size is the guest's choice, up to RING_MAX_DATA_BYTES.
  [calls.HVCALL_SIGNAL_EVENT, (RING_PAGES - 1) * PAGE],
  [calls.HVCALL_QUERY_CAPABILITIES, 0],
  [calls.HVCALL_EXIT_PARTITION, 0],
  [calls.HVCALL_GET_BOOT_ARGUMENTS, 0],
  [calls.HVCALL_REPORT_INSTRUCTIONS, 0],
  // What it names, up to MAX_COPIED_BYTES; here no more than there is memory.
  [calls.HVCALL_PUBLISH_CODE, PAGES * 65_536],
]);

let restore: () => void;
beforeAll(() => {
  restore = watchAtomics();
});
afterAll(() => restore());

interface Attempt {
  code: number;
  reps: number;
  start: number;
  input: number;
  output: number;
  /** What guest memory is full of. */
  word: number;
}

/** Makes the call on a partition with a full ring. @returns bytes fetched */
function fetchedBy({ code, reps, start, input, output, word }: Attempt): number {
  const memory = createGuestMemory(PAGES);
  const view = new WatchedMemory(memory.buffer as unknown as SharedArrayBuffer);
  const partition = new CallingPartition(undefined, { memory, view });
  partition.enableSynic();
  const row = channelWord(1);
  partition.words[row + CHANNEL_STATE] = CHANNEL_OPEN;
  partition.words[row + CHANNEL_RING_GPA] = RING;
  partition.words[row + CHANNEL_OUT_PAGES] = RING_PAGES;
  partition.words[row + CHANNEL_IN_PAGES] = 2;
  view.real.words.fill(word);
  view.real.words.set(header, BLOCK >>> 2);
  fillRing(view.real.words);
  const form = callForms.get(code);
  view.watch();
  partition.call({
    code,
    isFast: form === 'fast',
    ...(form === 'rep' ? { reps, start } : {}),
    input,
    output,
  });
  view.rest();
  return view.fetchedBytes;
}

/** Packets without payload, as many as there is room for: the most work for a ring's bytes. */
function fillRing(words: Int32Array): void {
  const dataBytes = (RING_PAGES - 1) * PAGE;
  for (let at = 0; at < dataBytes - PACKET_HEADER; at += PACKET_HEADER)
    words.set([VM_PKT_DATA_INBAND, 0, 0, 0], (RING + PAGE + at) >>> 2);
  words[RING >>> 2] = dataBytes - PACKET_HEADER;
  words[(RING >>> 2) + 1] = 0;
}

describe('a hypercall', () => {
  it('has a bound, whichever it is', () => {
    expect([...bounds.keys()].sort()).toEqual([...callForms.keys()].sort());
  });

  const rows = [...bounds].map(([code, bound]) => [code.toString(16), bound, code] as const);
  it.each(rows)('0x%s looks at %i bytes at most', (_code, bound, code) => {
    const attempt = fc.record({
      code: fc.constant(code),
      reps: fc.integer({ min: 1, max: MOST_REPS }),
      start: fc.constantFrom(0, 1, 200),
      input: fc.constantFrom(0, BLOCK, 0x2ff8, VMBUS_CHANNEL_CONNECTION_BASE + 1),
      output: fc.constantFrom(0, 0x3000, 0x1_fff8, 1024),
      word: fc.constantFrom(0, -1, HV_REGISTER_VP_INDEX),
    });
    fc.assert(
      fc.property(attempt, (each) => {
        expect(fetchedBy(each)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 60 },
    );
  });

  it('takes as many elements as a page holds, and no more', () => {
    const partition = new CallingPartition();
    partition.put(BLOCK, ...header, ...Array(PAGE / 16 + 1).fill(HV_REGISTER_VP_INDEX));
    const get = (reps: number) =>
      partition.call({ code: calls.HVCALL_GET_VP_REGISTERS, reps, input: BLOCK, output: 0x3000 });
    expect(get(PAGE / 16)).toEqual({ status: HV_STATUS_SUCCESS, reps: PAGE / 16 });
    expect(get(PAGE / 16 + 1)).toEqual({ status: HV_STATUS_INVALID_PARAMETER, reps: 0 });
  });
});
