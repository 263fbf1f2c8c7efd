// The synthetic interrupt controller's host side: message slots with their queues, event flags (TLFS:
// "Inter-Partition Communication"). Its state lies in the partition control block, so that the partition's main
// thread can post while its VPs run; the SynIC lock guards slots and queues.
import { HV_PAGE_SIZE } from '../abi/hypercalls.ts';
import {
  HV_STATUS_INSUFFICIENT_BUFFERS,
  HV_STATUS_INVALID_SYNIC_STATE,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import {
  HV_EVENT_FLAGS_BYTES_PER_SINT,
  HV_MESSAGE_FLAG_PENDING,
  HV_MESSAGE_MAX_PAYLOAD,
  HV_MESSAGE_SIZE,
  HV_SINT_MASKED,
  HV_SYNIC_ENABLE,
  HV_SYNIC_SINT_COUNT,
} from '../abi/synic.ts';
import { VMBUS_SINT } from '../abi/vmbus.ts';
import type { GuestMemory } from '../platform/guest-memory.ts';
import {
  CB_SCONTROL,
  CB_SIEFP,
  CB_SIMP,
  CB_SINT,
  CB_SYNIC_LOCK,
  lock,
  QUEUE_SLOTS,
  queueWord,
  unlock,
  VMBUS_QUEUE_SLOTS,
  vmbusQueueWord,
  wake,
} from '../virtual-processor/control-block.ts';

const MESSAGE_WORDS = HV_MESSAGE_SIZE / 4;
const FLAGS_PER_SINT = HV_EVENT_FLAGS_BYTES_PER_SINT * 8;

/** A queue's counts wrap at 2^32, and are read as signed numbers: these two keep them right all the same. */
const waitingIn = (read: number, written: number): number => (written - read) | 0;
/** `slots` is a power of two. */
const slotOf = (counter: number, slots: number): number => counter & (slots - 1);

export class Synic {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #memory: GuestMemory;

  constructor(controlBlock: SharedArrayBuffer, memory: GuestMemory) {
    this.#words = new Int32Array(controlBlock);
    this.#bytes = new Uint8Array(controlBlock);
    this.#memory = memory;
  }

  /** Masks every SINT and disables the pages, as at a VP's reset. */
  reset(): void {
    for (let sint = 0; sint < HV_SYNIC_SINT_COUNT; sint++) this.#words[CB_SINT + sint] = HV_SINT_MASKED;
    this.#words[CB_SCONTROL] = 0;
    this.#words[CB_SIMP] = 0;
    this.#words[CB_SIEFP] = 0;
  }

  /**
   * Queues a message for SINT `sint` and delivers it when its slot is free.
   * @returns InsufficientBuffers when the queue is full, InvalidSynicState when the SINT is masked or the SynIC off
   */
  post(sint: number, type: number, payload: Uint8Array): number {
    if (!this.#isReceiving(sint)) return HV_STATUS_INVALID_SYNIC_STATE;
    lock(this.#words, CB_SYNIC_LOCK);
    const queue = sint === VMBUS_SINT ? vmbusQueueWord : queueWord(sint);
    const slots = sint === VMBUS_SINT ? VMBUS_QUEUE_SLOTS : QUEUE_SLOTS;
    const read = this.#words[queue] as number;
    const written = this.#words[queue + 1] as number;
    if (waitingIn(read, written) >= slots) {
      unlock(this.#words, CB_SYNIC_LOCK);
      return HV_STATUS_INSUFFICIENT_BUFFERS;
    }
    const slot = queue + 2 + slotOf(written, slots) * MESSAGE_WORDS;
    this.#words.fill(0, slot, slot + MESSAGE_WORDS);
    this.#words[slot] = type;
    this.#words[slot + 1] = payload.length;
    this.#bytes.set(payload.subarray(0, HV_MESSAGE_MAX_PAYLOAD), slot * 4 + 16);
    this.#words[queue + 1] = written + 1;
    this.#deliver(sint);
    unlock(this.#words, CB_SYNIC_LOCK);
    wake(this.#words);
    return HV_STATUS_SUCCESS;
  }

  /** EOM: the guest emptied slots; whatever waits moves in. */
  endOfMessage(): void {
    lock(this.#words, CB_SYNIC_LOCK);
    for (let sint = 0; sint < HV_SYNIC_SINT_COUNT; sint++) this.#deliver(sint);
    unlock(this.#words, CB_SYNIC_LOCK);
    wake(this.#words);
  }

  /** Sets event flag `flag` (0..2047) of SINT `sint` and wakes the partition. */
  signal(sint: number, flag: number): number {
    const page = this.#words[CB_SIEFP] as number;
    if ((page & HV_SYNIC_ENABLE) === 0 || flag >= FLAGS_PER_SINT || !this.#isReceiving(sint)) {
      return HV_STATUS_INVALID_SYNIC_STATE;
    }
    const base = ((page & ~(HV_PAGE_SIZE - 1)) >>> 0) + sint * HV_EVENT_FLAGS_BYTES_PER_SINT;
    Atomics.or(this.#memory.words, (base >>> 2) + (flag >>> 5), 1 << (flag & 31));
    wake(this.#words);
    return HV_STATUS_SUCCESS;
  }

  #isReceiving(sint: number): boolean {
    return (
      ((this.#words[CB_SCONTROL] as number) & HV_SYNIC_ENABLE) !== 0 &&
      ((this.#words[CB_SINT + sint] as number) & HV_SINT_MASKED) === 0
    );
  }

  /** Under the lock: fills the slot of `sint` if it is free, or tells the guest that more waits. */
  #deliver(sint: number): void {
    const page = this.#words[CB_SIMP] as number;
    if ((page & HV_SYNIC_ENABLE) === 0) return;
    const queue = sint === VMBUS_SINT ? vmbusQueueWord : queueWord(sint);
    const slots = sint === VMBUS_SINT ? VMBUS_QUEUE_SLOTS : QUEUE_SLOTS;
    const read = this.#words[queue] as number;
    const waiting = waitingIn(read, this.#words[queue + 1] as number);
    if (waiting === 0) return;
    const guest = this.#memory.words;
    const slot = (((page & ~(HV_PAGE_SIZE - 1)) >>> 0) + sint * HV_MESSAGE_SIZE) >>> 2;
    if (Atomics.load(guest, slot) !== 0) {
      Atomics.or(guest, slot + 1, HV_MESSAGE_FLAG_PENDING << 8);
      // The guest may have emptied it meanwhile without seeing the flag.
      if (Atomics.load(guest, slot) !== 0) return;
    }
    const from = queue + 2 + slotOf(read, slots) * MESSAGE_WORDS;
    for (let word = 2; word < MESSAGE_WORDS; word++) guest[slot + word] = this.#words[from + word] as number;
    const flags = waiting > 1 ? HV_MESSAGE_FLAG_PENDING << 8 : 0;
    Atomics.store(guest, slot + 1, (this.#words[from + 1] as number) | flags);
    Atomics.store(guest, slot, this.#words[from] as number);
    this.#words[queue] = read + 1;
  }
}
