// Fuzz target `hypercalls`: control words, parameters and parameter blocks through the real dispatcher, with the SynIC
// and the VMBus behind it. What a call may do is said here a second time, in other words than the dispatcher's.
import * as calls from '../abi/hypercalls.ts';
import * as bits from '../abi/privileges.ts';
import * as statuses from '../abi/status.ts';
import {
  guestPrivileges,
  hasPrivilege,
  type PrivilegeMask,
  privilegeMask,
} from '../partition/privilege-mask.ts';
import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import {
  CB_SIEFP,
  CB_SIMP,
  CHANNEL_ABSENT,
  CHANNEL_GENERATION,
  CHANNEL_OFFERED,
  CHANNEL_STATE,
  channelWord,
  counterWord,
} from '../virtual-processor/control-block.ts';
import { CallingPartition } from './testing/calling-partition.ts';
import { CHANNELS, GUARD, HypercallCases, MEMORY_BYTES } from './testing/hypercall-cases.ts';

const CASES_PER_BATCH = 2048;
const GUARD_BYTE = 0xa5;
const known = new Set<number>(Object.values(statuses));

/** Code → form, and the privilege without which it must not succeed. */
const rights = new Map<number, { form: 'fast' | 'memory' | 'rep'; privilege?: number }>([
  [calls.HVCALL_NOTIFY_LONG_SPIN_WAIT, { form: 'fast' }],
  [calls.HVCALL_GET_PARTITION_ID, { form: 'memory', privilege: bits.HV_PRIVILEGE_ACCESS_PARTITION_ID }],
  [calls.HVCALL_GET_VP_REGISTERS, { form: 'rep' }],
  [calls.HVCALL_SET_VP_REGISTERS, { form: 'rep', privilege: bits.HV_PRIVILEGE_ACCESS_SYNIC_REGS }],
  [calls.HVCALL_POST_MESSAGE, { form: 'memory', privilege: bits.HV_PRIVILEGE_POST_MESSAGES }],
  [calls.HVCALL_SIGNAL_EVENT, { form: 'fast', privilege: bits.HV_PRIVILEGE_SIGNAL_EVENTS }],
  [
    calls.HVCALL_QUERY_CAPABILITIES,
    { form: 'memory', privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS },
  ],
  [calls.HVCALL_EXIT_PARTITION, { form: 'fast', privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS }],
  [
    calls.HVCALL_GET_BOOT_ARGUMENTS,
    { form: 'memory', privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS },
  ],
  [
    calls.HVCALL_REPORT_INSTRUCTIONS,
    { form: 'fast', privilege: bits.HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS },
  ],
]);

/** Bytes of a call's input or output block; what is not here has none. */
const inputBytes = new Map([
  [calls.HVCALL_POST_MESSAGE, 256],
  [calls.HVCALL_GET_VP_REGISTERS, 16],
  [calls.HVCALL_SET_VP_REGISTERS, 16],
]);
const outputBytes = new Map([
  [calls.HVCALL_GET_PARTITION_ID, 8],
  [calls.HVCALL_QUERY_CAPABILITIES, 8],
  [calls.HVCALL_GET_BOOT_ARGUMENTS, 4096],
]);

const masks: readonly PrivilegeMask[] = [
  privilegeMask(Array.from({ length: 64 }, (_, bit) => bit)),
  guestPrivileges,
  privilegeMask([bits.HV_PRIVILEGE_SIGNAL_EVENTS, bits.HV_PRIVILEGE_ACCESS_VP_INDEX]),
  privilegeMask([]),
];

/** A partition that makes hypercalls, and what the session knows of it. */
interface Caller {
  partition: CallingPartition;
  privileges: PrivilegeMask;
  cases: HypercallCases;
}

class HypercallSession implements FuzzSession {
  readonly casesPerBatch = CASES_PER_BATCH;
  readonly outcomes = { 'carried out': 0, refused: 0, denied: 0 };
  readonly #neighbour = new CallingPartition();
  readonly #posted = new Int32Array(4);
  readonly #guard = Buffer.alloc(MEMORY_BYTES - GUARD, GUARD_BYTE);
  readonly #callers: readonly Caller[] = masks.map((privileges) => {
    const partition = new CallingPartition(privileges);
    return { partition, privileges, cases: new HypercallCases(partition.memory.words) };
  });

  constructor() {
    this.#neighbour.memory.bytes.fill(GUARD_BYTE);
  }

  reset(): void {
    for (const { partition } of this.#callers) {
      partition.memory.bytes.fill(0, 0, GUARD);
      partition.memory.bytes.fill(GUARD_BYTE, GUARD);
      partition.frames.length = 0;
      resetControlBlock(partition);
    }
  }

  runCase(random: FuzzRandom): void {
    const caller = this.#callers[random.oneIn(4) ? random.below(masks.length) : random.below(2)] as Caller;
    const { partition, cases } = caller;
    cases.next(random);
    const { words } = partition;
    if (random.oneIn(16)) this.#offerAgain(words, 1 + random.below(CHANNELS));
    const made = words[counterWord.hypercalls] as number;
    const refused = words[counterWord.hypercallsRefused] as number;
    const { controlLo, controlHi, inputLo, inputHi, outputLo, outputHi } = cases;
    const message = ((inputLo >>> 0) % MEMORY_BYTES) >>> 2;
    for (let word = 0; word < 4; word++)
      this.#posted[word] = partition.memory.words[message + word] as number;
    const result = partition.hypercall(
      controlLo | 0,
      controlHi | 0,
      inputLo | 0,
      inputHi | 0,
      outputLo | 0,
      outputHi | 0,
    );
    if (random.isTraced) random.note(`${describe(cases)} → ${(result >>> 0).toString(16)}`);
    const status = result & 0xffff;
    must(known.has(status) && result >>> 28 === 0, () => `result ${result.toString(16)}`);
    must(words[counterWord.hypercalls] === ((made + 1) | 0), 'the call was not counted');
    must(
      words[counterWord.hypercallsRefused] === ((refused + (status === 0 ? 0 : 1)) | 0),
      'the refusal was not counted, or was none',
    );
    must(((result >>> 16) & 0xfff) <= (controlHi & 0xfff), 'more repetitions than were asked for');
    if (status === 0) checkSuccess(caller, this.#posted);
    checkState(partition);
    this.#count(status);
  }

  #count(status: number): void {
    if (status === 0) this.outcomes['carried out']++;
    else if (status === statuses.HV_STATUS_ACCESS_DENIED) this.outcomes.denied++;
    else this.outcomes.refused++;
  }

  /** As the root partition does after a channel was rescinded. */
  #offerAgain(words: Int32Array, id: number): void {
    const state = channelWord(id) + CHANNEL_STATE;
    if (words[state] === CHANNEL_ABSENT) words[state] = CHANNEL_OFFERED;
  }

  endBatch(): void {
    for (const { partition } of this.#callers) {
      const guard = partition.memory.bytes.subarray(GUARD);
      if (this.#guard.equals(guard)) continue;
      const at = GUARD + guard.findIndex((byte) => byte !== GUARD_BYTE);
      must(false, `the hypervisor wrote to ${at.toString(16)}, unasked`);
    }
    const { memory, words, frames } = this.#neighbour;
    must(frames.length === 0 && words[counterWord.hypercalls] === 0, 'the neighbour did something');
    must(memory.words[0] === memory.words[memory.words.length - 1], "the neighbour's memory was written");
  }
}

/** As at a partition's beginning, but for the channels' generations, by which the host knows its ends of the rings. */
function resetControlBlock(partition: CallingPartition): void {
  const { words } = partition;
  const generations = Array.from(
    { length: CHANNELS + 1 },
    (_, id) => words[channelWord(id) + CHANNEL_GENERATION],
  );
  words.fill(0);
  partition.synic.reset();
  partition.enableSynic();
  for (let id = 1; id <= CHANNELS; id++) {
    words[channelWord(id) + CHANNEL_GENERATION] = (generations[id] as number) + 1;
    words[channelWord(id) + CHANNEL_STATE] = CHANNEL_OFFERED;
  }
}

function describe(cases: HypercallCases): string {
  const { controlLo, controlHi, inputLo, inputHi, outputLo, outputHi } = cases;
  const hex = (hi: number, lo: number): string => `${(hi >>> 0).toString(16)}:${(lo >>> 0).toString(16)}`;
  return `hypercall ${hex(controlHi, controlLo)} input ${hex(inputHi, inputLo)} output ${hex(outputHi, outputLo)}`;
}

/** What must have been true of a call that was carried out. */
function checkSuccess({ privileges, cases }: Caller, posted: Int32Array): void {
  const { controlLo, controlHi, inputLo, inputHi, outputLo, outputHi } = cases;
  const code = controlLo & 0xffff;
  const right = rights.get(code);
  must(right !== undefined, () => `call ${code.toString(16)} was carried out`);
  must((controlLo & 0xfffe_0000) === 0 && (controlHi & 0xf000_f000) === 0, 'reserved bits were taken');
  must(((controlLo & calls.HV_HYPERCALL_FAST) !== 0) === (right.form === 'fast'), 'another form was taken');
  if (right.form === 'rep')
    must((controlHi & 0xfff) > ((controlHi >>> 16) & 0xfff), 'nothing was left to do');
  else must(controlHi === 0, 'repetitions of a call that has none');
  must(
    right.privilege === undefined || hasPrivilege(privileges, right.privilege),
    () => `call ${code.toString(16)} without the privilege for it`,
  );
  const isFast = right.form === 'fast';
  if (!isFast) checkAddress(inputBytes.get(code), inputLo, inputHi);
  if (!isFast) checkAddress(outputBytes.get(code), outputLo, outputHi);
  if (code === calls.HVCALL_POST_MESSAGE) checkPosted(posted);
}

function checkAddress(length: number | undefined, lo: number, hi: number): void {
  if (length === undefined) return;
  const at = lo >>> 0;
  const isRight = hi === 0 && at % 8 === 0 && at + length <= MEMORY_BYTES && (at % 4096) + length <= 4096;
  must(isRight, () => `a block of ${length} bytes at ${(hi >>> 0).toString(16)}:${at.toString(16)}`);
}

/** @param posted the block's first words, from before the call: the answer may lie on them by now */
function checkPosted([connection = 0, reserved, type = 0, size = 0]: Int32Array): void {
  must(reserved === 0 && type > 0, () => `a message of type ${type}`);
  must(size >>> 0 <= 240, () => `a message of ${size >>> 0} bytes`);
  must(connection === 1 || connection >>> 0 >= 0x2000, () => `a message to connection ${connection >>> 0}`);
}

/** What must be true at all times. */
function checkState({ words, frames }: CallingPartition): void {
  for (const page of [words[CB_SIMP] as number, words[CB_SIEFP] as number]) {
    must((page & ~4095) >>> 0 <= MEMORY_BYTES - 4096, () => `a SynIC page at ${(page >>> 0).toString(16)}`);
  }
  if (frames.length === 0) return;
  let bytes = 0;
  for (const { kind, channelId, payload } of frames) {
    must(kind >= 4 && kind <= 9 && kind !== 7, () => `a frame of kind ${kind}`);
    must(
      channelId <= 63 && channelId > 0 === kind <= 6,
      () => `a frame of kind ${kind} for channel ${channelId}`,
    );
    bytes += payload.length;
  }
  must(bytes <= MEMORY_BYTES, () => `${bytes} bytes of frames from one call`);
  frames.length = 0;
}

export const target: FuzzTarget = {
  name: 'hypercalls',
  about:
    'Hypercalls of a guest: answered with a status, counted, within privileges; nothing else of anybody is written.',
  decoders: [
    'hypervisor/hypercall/dispatcher.ts',
    'hypervisor/hypercall/control-word.ts',
    'hypervisor/hypercall/hypercall-context.ts',
    'hypervisor/hypercall/partition-calls.ts',
    'hypervisor/hypercall/register-calls.ts',
    'hypervisor/hypercall/synic-calls.ts',
    'hypervisor/synic/synic.ts',
    'hypervisor/vmbus/vmbus-server.ts',
  ],
  casesInTests: 100_000,
  plantedBugs: [
    {
      name: 'reserved bits of the control word are not looked at',
      file: 'hypervisor/hypercall/control-word.ts',
      from: '(lo & (HV_HYPERCALL_RESERVED_LO | VARIABLE_HEADER)) !== 0 || ',
      to: '',
      within: 100_000,
    },
    {
      name: 'parameter blocks may cross a page',
      file: 'hypervisor/hypercall/hypercall-context.ts',
      from: '(lo % HV_PAGE_SIZE) + length > HV_PAGE_SIZE || ',
      to: '',
      within: 100_000,
    },
    {
      name: 'the high half of an address is ignored',
      file: 'hypervisor/hypercall/hypercall-context.ts',
      from: 'hi !== 0 || ',
      to: '',
      within: 100_000,
    },
    {
      name: 'a parameter block may lie outside of memory',
      file: 'hypervisor/hypercall/hypercall-context.ts',
      from: ' || !context.memory.contains(lo, length)',
      to: '',
      within: 200_000,
    },
    {
      name: 'the size of a message is not checked',
      file: 'hypervisor/hypercall/synic-calls.ts',
      from: 'size > HV_MESSAGE_MAX_PAYLOAD',
      to: 'size < 0',
      within: 100_000,
    },
    {
      name: 'events are signalled without the privilege',
      file: 'hypervisor/hypercall/synic-calls.ts',
      from: 'if (!hasPrivilege(context.privileges, HV_PRIVILEGE_SIGNAL_EVENTS)) return HV_STATUS_ACCESS_DENIED;',
      to: '',
      within: 100_000,
    },
    {
      name: 'a SynIC page may lie outside of memory',
      file: 'hypervisor/hypercall/register-calls.ts',
      from: 'if (!context.memory.contains(gpa, HV_PAGE_SIZE)) return HV_STATUS_INVALID_REGISTER_VALUE;',
      to: '',
      within: 200_000,
    },
    {
      name: 'boot arguments are written from the page before',
      file: 'hypervisor/hypercall/partition-calls.ts',
      from: 'context.memory.bytes.set(context.bootArguments, outputLo);',
      to: 'context.memory.bytes.set(context.bootArguments, outputLo ^ 0x10000);',
      within: 200_000,
    },
  ],
  start: () => new HypercallSession(),
};
