// Puts what the root partition sends into the guest's incoming rings. A packet that finds its ring full waits here;
// when too much waits, the socket is not read until the guest has made room. What was sent for an earlier opening of
// its channel goes nowhere: where that one's ring was may be anything of the guest's by now. Runs on the VP's thread.
import { FRAME_COMPLETION, FRAME_HEADER_BYTES } from '../abi/frames.ts';
import { VM_PKT_COMP, VM_PKT_DATA_INBAND, VMBUS_MAX_CHANNELS } from '../abi/vmbus.ts';
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

/** An answer may have no payload at all, and takes room all the same. */
const waitingBytes = ({ frame }: Sent): number => FRAME_HEADER_BYTES + frame.payload.length;

/** A packet and the opening of its channel that it was sent for. */
interface Sent {
  frame: Frame;
  opening: number;
}

type Delivery = 'written' | 'full' | 'dropped';

export class IncomingChannels {
  readonly #words: Int32Array;
  readonly #memory: GuestMemory;
  readonly #writers: ({ generation: number; ring: RingWriter } | undefined)[] = [];
  #touched: number[] = [];
  /** Per channel, the opening that the root partition heard of last. */
  readonly #openings = new Int32Array(VMBUS_MAX_CHANNELS + 1);
  #backlog: Sent[] = [];
  #backlogBytes = 0;

  constructor(controlBlock: SharedArrayBuffer, memory: GuestMemory) {
    this.#words = new Int32Array(controlBlock);
    this.#memory = memory;
  }

  /** An OPENED frame, of a channel id within range: what comes next is sent for this opening. */
  noteOpening(channelId: number, opening: number): void {
    this.#openings[channelId] = opening;
  }

  /** Delivers or queues a DATA or COMPLETION frame of a channel id within range. */
  deliver(frame: Frame): void {
    const sent = { frame, opening: this.#openings[frame.channelId] as number };
    const mustWait =
      this.#backlog.length > 0 &&
      this.#backlog.some((waiting) => waiting.frame.channelId === frame.channelId);
    if (!mustWait && this.#write(sent) !== 'full') return;
    // The payload is a view into the socket's buffer: what waits needs a copy.
    this.#backlog.push({ ...sent, frame: { ...frame, payload: frame.payload.slice() } });
    this.#backlogBytes += waitingBytes(sent);
  }

  /** Too much waits: nothing more should be read. */
  get isFull(): boolean {
    return this.#backlogBytes > BACKLOG_LIMIT_BYTES;
  }

  /** The channels that got packets since the last call. */
  takeTouched(): number[] {
    const touched = this.#touched;
    if (touched.length > 0) this.#touched = [];
    return touched;
  }

  /** Delivers what waits, as far as the guest has made room. */
  retry(): void {
    if (this.#backlog.length === 0) return;
    const stuck = new Set<number>();
    this.#backlog = this.#backlog.filter((sent) => {
      if (!stuck.has(sent.frame.channelId) && this.#write(sent) !== 'full') {
        this.#backlogBytes -= waitingBytes(sent);
        return false;
      }
      stuck.add(sent.frame.channelId);
      return true;
    });
  }

  #write(sent: Sent): Delivery {
    const row = channelWord(sent.frame.channelId);
    lock(this.#words, row + CHANNEL_STATE_LOCK);
    try {
      return this.#writeLocked(sent, row);
    } catch (error) {
      if (!(error instanceof RingFault)) throw error;
      count(this.#words, 'ringFaults');
      Atomics.store(this.#words, row + CHANNEL_STATE, CHANNEL_ABSENT);
      return 'dropped';
    } finally {
      unlock(this.#words, row + CHANNEL_STATE_LOCK);
    }
  }

  #writeLocked({ frame, opening }: Sent, row: number): Delivery {
    if (this.#words[row + CHANNEL_STATE] !== CHANNEL_OPEN) return 'dropped';
    if (this.#words[row + CHANNEL_GENERATION] !== opening) return 'dropped';
    const ring = this.#writer(frame.channelId);
    if (!ring.fits(frame.payload.length)) throw new RingFault('the incoming ring is too small for an answer');
    const type = frame.kind === FRAME_COMPLETION ? VM_PKT_COMP : VM_PKT_DATA_INBAND;
    if (!ring.write(type, frame.payload, frame.transactionLo, frame.transactionHi)) return 'full';
    count(this.#words, 'packetsReceived');
    count(this.#words, 'bytesReceived', frame.payload.length);
    if (!this.#touched.includes(frame.channelId)) this.#touched.push(frame.channelId);
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
