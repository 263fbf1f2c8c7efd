// One channel of one connection: its state machine and the way back to the guest. Answers carry the generation in
// which their request came; after a close and reopen late ones are dropped, so they never meet a reused buffer. What is
// on its way by then the partition process drops: OPENED tells it where in the stream an opening begins.
import {
  FRAME_CLOSE,
  FRAME_COMPLETION,
  FRAME_DATA,
  FRAME_OPEN,
  FRAME_OPENED,
} from '../hypervisor/abi/frames.ts';
import type { Device } from './device.ts';
import type { OutgoingFrames } from './outgoing-frames.ts';

export type ChannelState = 'offered' | 'open' | 'closed' | 'rescinded';
/** What a frame from the partition does: the next state, or the packet goes to the device, or nothing happens
 *  (the guest raced with itself or with a rescind), or the partition process broke the protocol. */
type Effect = ChannelState | 'deliver' | 'ignore' | 'violation';

/** State → frame kind → effect. Data that crosses a close is a guest racing with itself: dropped and counted. */
export const channelTable: Record<ChannelState, Record<number, Effect>> = {
  offered: { [FRAME_OPEN]: 'open', [FRAME_CLOSE]: 'violation', [FRAME_DATA]: 'ignore' },
  open: { [FRAME_OPEN]: 'violation', [FRAME_CLOSE]: 'closed', [FRAME_DATA]: 'deliver' },
  closed: { [FRAME_OPEN]: 'open', [FRAME_CLOSE]: 'violation', [FRAME_DATA]: 'ignore' },
  rescinded: { [FRAME_OPEN]: 'ignore', [FRAME_CLOSE]: 'ignore', [FRAME_DATA]: 'ignore' },
};

/** What a channel needs of its connection. */
export interface ChannelCarrier {
  readonly outgoing: OutgoingFrames;
  readonly isFull: boolean;
  /** Bytes that requests in flight on all channels may still produce. */
  inFlightBytes: number;
  /** An answer is on its way to the partition. */
  noteAnswer(payloadBytes: number): void;
  /** Something was queued or finished outside of a read. */
  settle(): void;
}

export class Channel {
  readonly id: number;
  readonly device: Device;
  readonly #carrier: ChannelCarrier;
  #state: ChannelState = 'offered';
  #effects = channelTable.offered;
  #generation = 0;
  #inFlight = 0;
  ignoredFrames = 0;
  lateAnswers = 0;

  constructor(id: number, device: Device, carrier: ChannelCarrier) {
    this.id = id;
    this.device = device;
    this.#carrier = carrier;
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Changes with every open and close. */
  get generation(): number {
    return this.#generation;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** As many requests are in flight as the device allows. */
  get isAtLimit(): boolean {
    return this.#inFlight >= this.device.inFlightLimit;
  }

  /** The socket is full: what is not an answer should wait. */
  get isFull(): boolean {
    return this.#carrier.isFull;
  }

  /** Handles OPEN, CLOSE and DATA. @returns false for a protocol violation */
  accept(kind: number, payload: Uint8Array, transactionLo: number, transactionHi: number): boolean {
    const effect = this.#effects[kind];
    switch (effect) {
      case 'deliver':
        this.device.receive(this, payload, transactionLo, transactionHi);
        return true;
      case 'open':
      case 'closed':
        if (payload.length !== 0) return false;
        if (effect === 'open')
          this.#carrier.outgoing.begin(FRAME_OPENED, this.id, 0, transactionLo, transactionHi);
        this.#move(effect);
        return true;
      case 'ignore':
        this.ignoredFrames++;
        return true;
      default:
        return false;
    }
  }

  /** The connection is over, or the device is being taken away. */
  rescind(): void {
    this.#move('rescinded');
  }

  #move(next: ChannelState): void {
    const wasOpen = this.#state === 'open';
    this.#state = next;
    this.#effects = channelTable[next];
    this.#generation++;
    if (next === 'open') this.device.open(this);
    else if (wasOpen) this.device.close();
  }

  /** A request will be answered later, with at most `bytes`; `settleRequest` ends it whatever became of it. */
  beginRequest(bytes: number): void {
    this.#inFlight++;
    this.#carrier.inFlightBytes += bytes;
  }

  settleRequest(bytes: number): void {
    this.#inFlight--;
    this.#carrier.inFlightBytes -= bytes;
    this.#carrier.settle();
  }

  /**
   * Reserves a completion frame and returns where in `bytes` of the outgoing frames its payload is to be written at
   * once; -1 when the generation is over.
   */
  beginCompletion(generation: number, payloadBytes: number, lo: number, hi: number): number {
    if (generation !== this.#generation) {
      this.lateAnswers++;
      return -1;
    }
    this.#carrier.noteAnswer(payloadBytes);
    return this.#carrier.outgoing.begin(FRAME_COMPLETION, this.id, payloadBytes, lo, hi);
  }

  /** The buffer that `beginCompletion`'s position refers to, until the next call of anything here. */
  get outgoingBytes(): Uint8Array {
    return this.#carrier.outgoing.bytes;
  }

  /** The same, for numbers. */
  get outgoingView(): DataView {
    return this.#carrier.outgoing.view;
  }

  complete(generation: number, payload: Uint8Array, lo: number, hi: number): void {
    const at = this.beginCompletion(generation, payload.length, lo, hi);
    if (at >= 0 && payload.length > 0) this.#carrier.outgoing.bytes.set(payload, at);
  }

  /** Sends a packet of the device's own accord; false when the channel is not open or the socket is full. */
  send(header: Uint8Array, data: Uint8Array): boolean {
    if (this.#state !== 'open' || this.#carrier.isFull) return false;
    const { outgoing } = this.#carrier;
    const at = outgoing.begin(FRAME_DATA, this.id, header.length + data.length, 0, 0);
    outgoing.bytes.set(header, at);
    outgoing.bytes.set(data, at + header.length);
    this.#carrier.settle();
    return true;
  }
}
