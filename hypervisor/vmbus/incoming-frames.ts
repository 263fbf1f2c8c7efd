// What the root partition sends: offers into the control block, packets into the guest's rings, messages and events to its
// SynIC. Runs on the VP's thread, between what the guest does.
import {
  FRAME_ALL_OFFERS,
  FRAME_COMPLETION,
  FRAME_DATA,
  FRAME_EVENT,
  FRAME_MESSAGE,
  FRAME_OFFER,
  FRAME_OPENED,
  FRAME_RESCIND,
} from '../abi/frames.ts';
import { HV_STATUS_SUCCESS } from '../abi/status.ts';
import { HV_SYNIC_SINT_COUNT } from '../abi/synic.ts';
import { VMBUS_MAX_CHANNELS, VMBUS_OFFER_LABEL_BYTES, VMBUS_SINT } from '../abi/vmbus.ts';
import type { GuestMemory } from '../platform/guest-memory.ts';
import type { Synic } from '../synic/synic.ts';
import {
  CHANNEL_ABSENT,
  CHANNEL_OFFERED,
  CHANNEL_SERVICE,
  CHANNEL_STATE,
  channelWord,
  count,
  labelByte,
} from '../virtual-processor/control-block.ts';
import { getWord } from './frame-header.ts';
import { type Frame, FrameReader } from './frame-reader.ts';
import { IncomingChannels } from './incoming-channels.ts';

export class IncomingFrames {
  readonly #words: Int32Array;
  readonly #labels: Uint8Array;
  readonly #synic: Synic;
  readonly #channels: IncomingChannels;
  readonly #reader = new FrameReader((frame) => this.#take(frame));
  /** Whether all channels were offered that there are at the partition's start. */
  isOffered = false;

  constructor(controlBlock: SharedArrayBuffer, memory: GuestMemory, synic: Synic) {
    this.#words = new Int32Array(controlBlock);
    this.#labels = new Uint8Array(controlBlock);
    this.#synic = synic;
    this.#channels = new IncomingChannels(controlBlock, memory);
  }

  /** So much waits for the guest to make room that no more should be read. */
  get isFull(): boolean {
    return this.#channels.isFull;
  }

  /** Takes a piece of the stream. @throws FrameError where it is malformed */
  push(piece: Uint8Array): void {
    this.#reader.push(piece);
    this.#signalChannels();
  }

  /** Delivers what has waited, as far as there is room now. @returns whether anything was delivered */
  retry(): boolean {
    this.#channels.retry();
    return this.#signalChannels();
  }

  #signalChannels(): boolean {
    const touched = this.#channels.takeTouched();
    for (const channelId of touched) this.#synic.signal(VMBUS_SINT, channelId);
    return touched.length > 0;
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case FRAME_OFFER:
        this.#noteOffer(frame);
        break;
      case FRAME_ALL_OFFERS:
        this.isOffered = true;
        break;
      case FRAME_RESCIND:
        if (isChannelId(frame.channelId))
          Atomics.store(this.#words, channelWord(frame.channelId) + CHANNEL_STATE, CHANNEL_ABSENT);
        break;
      case FRAME_OPENED:
        if (isChannelId(frame.channelId)) this.#channels.noteOpening(frame.channelId, frame.transactionLo);
        break;
      case FRAME_DATA:
      case FRAME_COMPLETION:
        if (isChannelId(frame.channelId)) this.#channels.deliver(frame);
        break;
      case FRAME_MESSAGE:
        this.#post(frame.transactionLo, frame.transactionHi, frame.payload);
        break;
      case FRAME_EVENT:
        if (frame.transactionLo < HV_SYNIC_SINT_COUNT) {
          const status = this.#synic.signal(frame.transactionLo, frame.transactionHi);
          if (status === HV_STATUS_SUCCESS) count(this.#words, 'eventsReceived');
        }
        break;
      default:
        break;
    }
  }

  #post(sint: number, type: number, payload: Uint8Array): void {
    const isAccepted =
      sint < HV_SYNIC_SINT_COUNT && this.#synic.post(sint, type, payload) === HV_STATUS_SUCCESS;
    count(this.#words, isAccepted ? 'messagesReceived' : 'messagesDropped');
  }

  #noteOffer(frame: Frame): void {
    if (!isChannelId(frame.channelId) || frame.payload.length !== 4 + VMBUS_OFFER_LABEL_BYTES) return;
    const row = channelWord(frame.channelId);
    this.#words[row + CHANNEL_SERVICE] = getWord(frame.payload, 0);
    this.#labels.set(frame.payload.subarray(4), labelByte(frame.channelId));
    Atomics.store(this.#words, row + CHANNEL_STATE, CHANNEL_OFFERED);
  }
}

function isChannelId(channelId: number): boolean {
  return channelId >= 1 && channelId <= VMBUS_MAX_CHANNELS;
}
