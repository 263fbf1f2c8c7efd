// Puts what the root partition sends into the guest's incoming rings. A packet that finds its ring full waits here;
// when too much waits, the socket is not read until the guest has made room. Runs on the partition's main thread.
import { FRAME_COMPLETION, FRAME_HEADER_BYTES } from '../abi/frames.ts';
import { VM_PKT_COMP, VM_PKT_DATA_INBAND } from '../abi/vmbus.ts';
import type { GuestMemory } from '../platform/guest-memory.ts';
import {
  CHANNEL_ABSENT,
  CHANNEL_GENERATION,
  CHANNEL_IN_PAGES,
  CHANNEL_OPEN,
  CHANNEL_OUT_PAGES,
  CHANNEL_RING_GPA,
  CHANNEL_STATE,
  CHANNEL_STATE_LOCK,
  channelWord,
  count,
  lock,
  unlock,
} from '../virtual-processor/control-block.ts';
import { RingFault, RingWriter } from './channel-ring.ts';
import type { Frame } from './frame-reader.ts';

const BACKLOG_LIMIT_BYTES = 1024 * 1024;
/** A guest that takes packets does not say so; while some wait, the rings are tried this often. */
const RETRY_MS = 1;

/** An answer may have no payload at all, and takes room all the same. */
const waitingBytes = (frame: Frame): number => FRAME_HEADER_BYTES + frame.payload.length;

type Delivery = 'written' | 'full' | 'dropped';

export class IncomingChannels {
  readonly #words: Int32Array;
  readonly #memory: GuestMemory;
  readonly #writers: ({ generation: number; ring: RingWriter } | undefined)[] = [];
  readonly #touched = new Set<number>();
  #backlog: Frame[] = [];
  #backlogBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  onBackPressure: (isFull: boolean) => void = () => {};
  /** Called after the backlog shrank, so that the guest can be told. */
  onDrained: () => void = () => {};

  constructor(controlBlock: SharedArrayBuffer, memory: GuestMemory) {
    this.#words = new Int32Array(controlBlock);
    this.#memory = memory;
  }

  /** Delivers or queues a DATA or COMPLETION frame of a channel id within range. */
  deliver(frame: Frame): void {
    const mustWait = this.#backlog.some((waiting) => waiting.channelId === frame.channelId);
    if (!mustWait && this.#write(frame) !== 'full') return;
    // The payload is a view into the socket's buffer: what waits needs a copy.
    this.#backlog.push({ ...frame, payload: frame.payload.slice() });
    this.#backlogBytes += waitingBytes(frame);
    if (this.#backlogBytes > BACKLOG_LIMIT_BYTES) this.onBackPressure(true);
    this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS);
  }

  /** The channels that got packets since the last call. */
  takeTouched(): number[] {
    if (this.#touched.size === 0) return [];
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#backlog = [];
  }

  #retry(): void {
    this.#timer = undefined;
    const wasFull = this.#backlogBytes > BACKLOG_LIMIT_BYTES;
    const stuck = new Set<number>();
    this.#backlog = this.#backlog.filter((frame) => {
      if (!stuck.has(frame.channelId) && this.#write(frame) !== 'full') {
        this.#backlogBytes -= waitingBytes(frame);
        return false;
      }
      stuck.add(frame.channelId);
      return true;
    });
    if (wasFull && this.#backlogBytes <= BACKLOG_LIMIT_BYTES) this.onBackPressure(false);
    if (this.#backlog.length > 0) this.#timer = setTimeout(() => this.#retry(), RETRY_MS);
    this.onDrained();
  }

  #write(frame: Frame): Delivery {
    const row = channelWord(frame.channelId);
    lock(this.#words, row + CHANNEL_STATE_LOCK);
    try {
      return this.#writeLocked(frame, row);
    } catch (error) {
      if (!(error instanceof RingFault)) throw error;
      count(this.#words, 'ringFaults');
      Atomics.store(this.#words, row + CHANNEL_STATE, CHANNEL_ABSENT);
      return 'dropped';
    } finally {
      unlock(this.#words, row + CHANNEL_STATE_LOCK);
    }
  }

  #writeLocked(frame: Frame, row: number): Delivery {
    if (this.#words[row + CHANNEL_STATE] !== CHANNEL_OPEN) return 'dropped';
    const ring = this.#writer(frame.channelId);
    if (!ring.fits(frame.payload.length)) throw new RingFault('the incoming ring is too small for an answer');
    const type = frame.kind === FRAME_COMPLETION ? VM_PKT_COMP : VM_PKT_DATA_INBAND;
    if (!ring.write(type, frame.payload, frame.transactionLo, frame.transactionHi)) return 'full';
    count(this.#words, 'packetsReceived');
    count(this.#words, 'bytesReceived', frame.payload.length);
    this.#touched.add(frame.channelId);
    return 'written';
  }

  #writer(channelId: number): RingWriter {
    const row = channelWord(channelId);
    const generation = this.#words[row + CHANNEL_GENERATION] as number;
    const known = this.#writers[channelId];
    if (known !== undefined && known.generation === generation) return known.ring;
    const outPages = this.#words[row + CHANNEL_OUT_PAGES] as number;
    const gpa = ((this.#words[row + CHANNEL_RING_GPA] as number) >>> 0) + outPages * 4096;
    const ring = new RingWriter(this.#memory, gpa, this.#words[row + CHANNEL_IN_PAGES] as number);
    this.#writers[channelId] = { generation, ring };
    return ring;
  }
}
