// The VMBus as a guest's hypercalls see it: control messages (offers, open, close), draining channel rings into
// frames for the root partition, and messages and events for other partitions. Runs on VP threads.
import { FRAME_CLOSE, FRAME_DATA, FRAME_EVENT, FRAME_MESSAGE, FRAME_OPEN } from '../abi/frames.ts';
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
  VMBUS_CHANNEL_CONNECTION_BASE,
  VMBUS_MAX_CHANNELS,
  VMBUS_MESSAGE_TYPE,
  VMBUS_OFFER_BYTES,
  VMBUS_OFFER_LABEL_BYTES,
  VMBUS_OFFER_LABEL_OFFSET,
  VMBUS_SINT,
} from '../abi/vmbus.ts';
import type { GuestMemory } from '../platform/guest-memory.ts';
import type { Synic } from '../synic/synic.ts';
import {
  CHANNEL_ABSENT,
  CHANNEL_GENERATION,
  CHANNEL_IN_PAGES,
  CHANNEL_LOCK,
  CHANNEL_OFFERED,
  CHANNEL_OPEN,
  CHANNEL_OUT_PAGES,
  CHANNEL_RING_GPA,
  CHANNEL_SERVICE,
  CHANNEL_STATE,
  CHANNEL_STATE_LOCK,
  channelWord,
  count,
  labelByte,
  lock,
  unlock,
} from '../virtual-processor/control-block.ts';
import { isRingAcceptable, RingFault, RingReader } from './channel-ring.ts';
import type { FrameOutbox } from './frame-outbox.ts';

const noCopy = (): void => {};
/** Control message → its length, exactly. */
const controlBytes = new Map<number, number>([
  [CHANNELMSG_REQUESTOFFERS, 8],
  [CHANNELMSG_OPENCHANNEL, 24],
  [CHANNELMSG_CLOSECHANNEL, 12],
]);

export class VmbusServer {
  readonly #words: Int32Array;
  readonly #labels: Uint8Array;
  readonly #memory: GuestMemory;
  readonly #synic: Synic;
  readonly #outbox: FrameOutbox;
  readonly #readers: ({ generation: number; ring: RingReader } | undefined)[] = [];

  constructor(controlBlock: SharedArrayBuffer, memory: GuestMemory, synic: Synic, outbox: FrameOutbox) {
    this.#words = new Int32Array(controlBlock);
    this.#labels = new Uint8Array(controlBlock);
    this.#memory = memory;
    this.#synic = synic;
    this.#outbox = outbox;
  }

  /** Handles a control message, already copied out of guest memory. */
  control(message: Uint8Array): number {
    if (message.length < 8) return HV_STATUS_INVALID_PARAMETER;
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    const type = view.getUint32(0, true);
    if (controlBytes.get(type) !== message.length || view.getUint32(4, true) !== 0) {
      return HV_STATUS_INVALID_PARAMETER;
    }
    if (type === CHANNELMSG_REQUESTOFFERS) return this.#deliverOffers();
    const channelId = view.getUint32(8, true);
    if (channelId < 1 || channelId > VMBUS_MAX_CHANNELS) return HV_STATUS_INVALID_PARAMETER;
    if (type === CHANNELMSG_CLOSECHANNEL) return this.#inTurn(channelId, () => this.#close(channelId));
    const ring = {
      gpa: view.getUint32(12, true),
      outPages: view.getUint32(16, true),
      inPages: view.getUint32(20, true),
    };
    const result = this.#inTurn(channelId, () => this.#open(channelId, ring));
    return this.#post(CHANNELMSG_OPENCHANNEL_RESULT, [channelId, result]);
  }

  /** One VP at a time opens, closes or drains a channel, so that the root partition sees what they do in that order. */
  #inTurn(channelId: number, action: () => number): number {
    const word = channelWord(channelId) + CHANNEL_LOCK;
    lock(this.#words, word);
    try {
      return action();
    } finally {
      unlock(this.#words, word);
    }
  }

  #post(type: number, fields: number[]): number {
    const message = new Uint8Array(8 + fields.length * 4);
    const view = new DataView(message.buffer);
    view.setUint32(0, type, true);
    fields.forEach((field, index) => {
      view.setUint32(8 + index * 4, field, true);
    });
    return this.#synic.post(VMBUS_SINT, VMBUS_MESSAGE_TYPE, message);
  }

  #deliverOffers(): number {
    for (let channelId = 1; channelId <= VMBUS_MAX_CHANNELS; channelId++) {
      const row = channelWord(channelId);
      if (Atomics.load(this.#words, row + CHANNEL_STATE) === CHANNEL_ABSENT) continue;
      const offer = new Uint8Array(VMBUS_OFFER_BYTES);
      const view = new DataView(offer.buffer);
      view.setUint32(0, CHANNELMSG_OFFERCHANNEL, true);
      view.setUint32(8, channelId, true);
      view.setUint32(12, this.#words[row + CHANNEL_SERVICE] as number, true);
      view.setUint32(16, VMBUS_CHANNEL_CONNECTION_BASE + channelId, true);
      const label = labelByte(channelId);
      offer.set(this.#labels.subarray(label, label + VMBUS_OFFER_LABEL_BYTES), VMBUS_OFFER_LABEL_OFFSET);
      const status = this.#synic.post(VMBUS_SINT, VMBUS_MESSAGE_TYPE, offer);
      if (status !== HV_STATUS_SUCCESS) return status;
    }
    return this.#post(CHANNELMSG_ALLOFFERS_DELIVERED, []);
  }

  #open(channelId: number, ring: { gpa: number; outPages: number; inPages: number }): number {
    const row = channelWord(channelId);
    const { gpa, outPages, inPages } = ring;
    const isRight =
      isRingAcceptable(this.#memory, gpa, outPages) &&
      isRingAcceptable(this.#memory, gpa + outPages * 4096, inPages);
    if (!isRight) return HV_STATUS_INVALID_PARAMETER;
    lock(this.#words, row + CHANNEL_STATE_LOCK);
    const state = this.#words[row + CHANNEL_STATE];
    const generation = (this.#words[row + CHANNEL_GENERATION] as number) + 1;
    if (state === CHANNEL_OFFERED) {
      this.#words[row + CHANNEL_RING_GPA] = gpa;
      this.#words[row + CHANNEL_OUT_PAGES] = outPages;
      this.#words[row + CHANNEL_IN_PAGES] = inPages;
      this.#words[row + CHANNEL_GENERATION] = generation;
      Atomics.store(this.#words, row + CHANNEL_STATE, CHANNEL_OPEN);
    }
    unlock(this.#words, row + CHANNEL_STATE_LOCK);
    if (state !== CHANNEL_OFFERED) return HV_STATUS_OPERATION_DENIED;
    this.#send(FRAME_OPEN, channelId, generation);
    return HV_STATUS_SUCCESS;
  }

  #close(channelId: number): number {
    const row = channelWord(channelId);
    const wasOpen = this.#leave(row, CHANNEL_OFFERED);
    if (!wasOpen) return HV_STATUS_OPERATION_DENIED;
    this.#send(FRAME_CLOSE, channelId);
    return HV_STATUS_SUCCESS;
  }

  /** Takes the channel out of the open state; false when it was not open. */
  #leave(row: number, next: number): boolean {
    lock(this.#words, row + CHANNEL_STATE_LOCK);
    const wasOpen = this.#words[row + CHANNEL_STATE] === CHANNEL_OPEN;
    if (wasOpen) Atomics.store(this.#words, row + CHANNEL_STATE, next);
    unlock(this.#words, row + CHANNEL_STATE_LOCK);
    return wasOpen;
  }

  #send(kind: number, channelId: number, transactionLo = 0, transactionHi = 0, payload?: Uint8Array): void {
    const payloadBytes = payload?.length ?? 0;
    const copy = payload === undefined ? noCopy : (to: Uint8Array, at: number) => to.set(payload, at);
    this.#outbox.append({ kind, channelId, payloadBytes, transactionLo, transactionHi }, copy);
    this.#outbox.flush();
  }

  /** The guest signalled the channel: everything in its ring goes to the root partition. */
  drainChannel(channelId: number): number {
    return this.#inTurn(channelId, () => this.#drain(channelId));
  }

  #drain(channelId: number): number {
    const words = this.#words;
    const row = channelWord(channelId);
    if (words[row + CHANNEL_STATE] !== CHANNEL_OPEN) return HV_STATUS_INVALID_CONNECTION_ID;
    let bytes = 0;
    try {
      const taken = this.#reader(channelId).drain((payloadBytes, transactionLo, transactionHi, copy) => {
        const frame = { kind: FRAME_DATA, channelId, payloadBytes, transactionLo, transactionHi };
        this.#outbox.append(frame, copy);
        bytes += payloadBytes;
        return true;
      });
      count(words, 'packetsSent', taken);
      count(words, 'bytesSent', bytes);
      this.#outbox.flush();
    } catch (error) {
      if (!(error instanceof RingFault)) throw error;
      count(words, 'ringFaults');
      this.#leave(row, CHANNEL_ABSENT);
      this.#send(FRAME_CLOSE, channelId);
      this.#post(CHANNELMSG_RESCIND_CHANNELOFFER, [channelId]);
      return HV_STATUS_INVALID_PARAMETER;
    }
    return HV_STATUS_SUCCESS;
  }

  #reader(channelId: number): RingReader {
    const row = channelWord(channelId);
    const generation = this.#words[row + CHANNEL_GENERATION] as number;
    const known = this.#readers[channelId];
    if (known !== undefined && known.generation === generation) return known.ring;
    const gpa = (this.#words[row + CHANNEL_RING_GPA] as number) >>> 0;
    const ring = new RingReader(this.#memory, gpa, this.#words[row + CHANNEL_OUT_PAGES] as number);
    this.#readers[channelId] = { generation, ring };
    return ring;
  }

  /** Hands a message for another partition's port to the root partition, which brokers it. */
  forwardMessage(connectionId: number, type: number, payload: Uint8Array): number {
    this.#send(FRAME_MESSAGE, 0, connectionId, type, payload);
    return HV_STATUS_SUCCESS;
  }

  forwardEvent(connectionId: number, flag: number): number {
    this.#send(FRAME_EVENT, 0, connectionId, flag);
    return HV_STATUS_SUCCESS;
  }
}
