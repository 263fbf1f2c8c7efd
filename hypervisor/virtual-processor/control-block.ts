// The partition control block: host-side state of one partition that its VP threads and its main thread share. It is
// a SharedArrayBuffer of its own, not guest memory: no guest can reach it.
//
//   word 0 request (main thread writes) | 1 wake sequence | 2 socket lock | 3 SynIC lock | 4 VP state | 5 exit reason
//   6 exit code | 7 SCONTROL | 8 SIMP page gpa | 9 SIEFP page gpa | 10 offers complete | 11 offers requested
//   12 sampling | 13 length of a refusal's reason | 14 seconds that VPs waited for hypercalls | 16..31 SINTs
//   32.. counters | 64.. channel rows, 8 words each: state, service, ring gpa, out pages, in pages, generation, locks
//   then 16 message queues, labels, and the reason why code was refused
import { HV_MESSAGE_SIZE, HV_SYNIC_SINT_COUNT } from '../abi/synic.ts';
import { VMBUS_MAX_CHANNELS, VMBUS_OFFER_LABEL_BYTES } from '../abi/vmbus.ts';

export const CB_REQUEST = 0;
export const CB_WAKE = 1;
export const CB_SOCKET_LOCK = 2;
export const CB_SYNIC_LOCK = 3;
export const CB_VP_STATE = 4;
export const CB_EXIT_REASON = 5;
export const CB_EXIT_CODE = 6;
export const CB_SCONTROL = 7;
export const CB_SIMP = 8;
export const CB_SIEFP = 9;
export const CB_ALL_OFFERS = 10;
export const CB_OFFERS_REQUESTED = 11;
/** Not zero while the VP's thread is to be sampled. */
export const CB_SAMPLING = 12;
/** Length of the reason that waits at `reasonByte` (refused-code.ts). */
export const CB_REASON = 13;
/** Whole seconds of `throttledMs` (hypercall-throttle.ts). */
export const CB_THROTTLED_SECONDS = 14;
export const CB_SINT = 16;

/** What the VP is asked to do; it looks between runs, on idle and on every long wait. */
export const REQUEST_RUN = 0;
export const REQUEST_PAUSE = 1;
export const REQUEST_STOP = 2;

export const VP_CREATED = 0;
export const VP_RUNNING = 1;
export const VP_IDLE = 2;
export const VP_PAUSED = 3;
export const VP_HALTED = 4;

/** Counters, one word each, from CB_COUNTER on. */
export const counterNames = [
  'hypercalls',
  'hypercallsRefused',
  'accessDenied',
  'messagesPosted',
  'messagesReceived',
  'messagesDropped',
  'eventsSignalled',
  'eventsReceived',
  'packetsSent',
  'packetsReceived',
  'bytesSent',
  'bytesReceived',
  'ringFaults',
  'idleCalls',
  'runs',
  'instructionsLo',
  'instructionsHi',
  'codePublished',
  'codeRefused',
  'codeRefusedByCheck',
  'codeRefusedByEngine',
  'throttledMs',
] as const;
export type CounterName = (typeof counterNames)[number];
export const CB_COUNTER = 32;
export const counterWord = Object.fromEntries(
  counterNames.map((name, index) => [name, CB_COUNTER + index]),
) as Record<CounterName, number>;

export const CB_CHANNEL = 64;
export const CHANNEL_ROW_WORDS = 8;
export const CHANNEL_STATE = 0;
export const CHANNEL_SERVICE = 1;
export const CHANNEL_RING_GPA = 2;
export const CHANNEL_OUT_PAGES = 3;
export const CHANNEL_IN_PAGES = 4;
export const CHANNEL_GENERATION = 5;
/** Held by a VP while it drains the ring, maybe waiting for the socket. */
export const CHANNEL_LOCK = 6;
/** Held for moments, while the incoming ring is written, or the channel opened or closed. */
export const CHANNEL_STATE_LOCK = 7;

export const CHANNEL_ABSENT = 0;
export const CHANNEL_OFFERED = 1;
export const CHANNEL_OPEN = 2;

const CB_QUEUE = CB_CHANNEL + (VMBUS_MAX_CHANNELS + 1) * CHANNEL_ROW_WORDS;
/** A queue: read count, write count, then slots of one message each. The VMBus's has room for every offer. */
export const QUEUE_SLOTS = 16;
export const VMBUS_QUEUE_SLOTS = 128;
const QUEUE_HEADER_WORDS = 2;
const MESSAGE_WORDS = HV_MESSAGE_SIZE / 4;

/** Word index of SINT `sint`'s queue. */
export const queueWord = (sint: number): number =>
  CB_QUEUE + sint * (QUEUE_HEADER_WORDS + QUEUE_SLOTS * MESSAGE_WORDS);

const CB_VMBUS_QUEUE = CB_QUEUE + HV_SYNIC_SINT_COUNT * (QUEUE_HEADER_WORDS + QUEUE_SLOTS * MESSAGE_WORDS);
export const vmbusQueueWord = CB_VMBUS_QUEUE;
const CB_LABELS = CB_VMBUS_QUEUE + QUEUE_HEADER_WORDS + VMBUS_QUEUE_SLOTS * MESSAGE_WORDS;
export const labelByte = (channelId: number): number => CB_LABELS * 4 + channelId * VMBUS_OFFER_LABEL_BYTES;
export const reasonByte = labelByte(VMBUS_MAX_CHANNELS + 1);
export const REASON_BYTES = 128;
const CB_BYTES = reasonByte + REASON_BYTES;

/** Word index of channel `channelId`'s row. */
export const channelWord = (channelId: number): number => CB_CHANNEL + channelId * CHANNEL_ROW_WORDS;

/** A zeroed control block. */
export function createControlBlock(): SharedArrayBuffer {
  return new SharedArrayBuffer((CB_BYTES + 7) & ~7);
}

/** More frames than anything needs that is done under a lock and not undone by a `finally`. */
const FRAMES_UNDER_LOCK = 32;

/** Ends with a RangeError where the stack does not have so many frames left. */
const takeStack = (frames: number): number => (frames === 0 ? 0 : 1 + takeStack(frames - 1));

/** What the word of a lock says. */
const [FREE, HELD, AWAITED] = [0, 1, 2] as const;

/**
 * Takes the lock at `word`; held for microseconds, by threads of one partition only. A guest may call with next to no stack
 * left: then this throws before the lock is taken, and not while it is held.
 */
export function lock(words: Int32Array, word: number): void {
  takeStack(FRAMES_UNDER_LOCK);
  if (Atomics.compareExchange(words, word, FREE, HELD) === FREE) return;
  while (Atomics.exchange(words, word, AWAITED) !== FREE) Atomics.wait(words, word, AWAITED);
}

/** Wakes only where somebody waits: that takes longer than the rest of a lock. */
export function unlock(words: Int32Array, word: number): void {
  if (Atomics.exchange(words, word, FREE) === AWAITED) Atomics.notify(words, word, 1);
}

/** Adds to a counter. Counters may wrap at 2^32; readers take differences. */
export function count(words: Int32Array, name: CounterName, by = 1): void {
  Atomics.add(words, counterWord[name], by);
}

/** Notes that something arrived for the guest, so that its VP does not idle. */
export function wake(words: Int32Array): void {
  Atomics.add(words, CB_WAKE, 1);
}
