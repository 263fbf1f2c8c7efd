// One connection to a partition process: offers, dispatch of frames to channels, limits. The partition process is not
// trusted: what breaks the protocol ends this connection and nothing else, and however much a partition sends or
// refuses to take, what it occupies here is bounded (BACKLOG_LIMIT_BYTES, IN_FLIGHT_LIMIT_BYTES, one read).
import {
  FRAME_ALL_OFFERS,
  FRAME_CLOSE,
  FRAME_DATA,
  FRAME_EVENT,
  FRAME_MESSAGE,
  FRAME_OFFER,
  FRAME_OPEN,
} from '../hypervisor/abi/frames.ts';
import { VMBUS_OFFER_LABEL_BYTES } from '../hypervisor/abi/vmbus.ts';
import { putWord } from '../hypervisor/vmbus/frame-header.ts';
import { type Frame, FrameReader } from '../hypervisor/vmbus/frame-reader.ts';
import type { ConnectionEndReason } from '../hypervisor/vmbus/root-control.ts';
import { Channel, type ChannelCarrier } from './channel.ts';
import type { Device } from './device.ts';
import { OutgoingFrames } from './outgoing-frames.ts';
import { PartitionSocket } from './partition-socket.ts';
import { ReadWindow } from './read-window.ts';
import { byteStreamOf, type Throttle } from './throttle.ts';

const READ_BYTES = 256 * 1024;
/** What the requests in flight of one partition may occupy. */
const IN_FLIGHT_LIMIT_BYTES = 4 * 1024 * 1024;
/** A turn's frames are written out when they have grown to this. */
const FLUSH_BYTES = 64 * 1024;
/** Frames that one partition gets handled before the others have their turn. */
export const FRAMES_PER_TURN = 256;
/** What connections read into that have no buffer of their own; each is done with it before the next one reads. Not a
 *  Buffer, whose `slice` would be a view of it. */
const readBuffer = new Uint8Array(READ_BYTES);
const noBytes = new Uint8Array(0);

export interface ConnectionEvents {
  /** A message or event for another partition's port. */
  onBrokered: (frame: Frame) => void;
  onEnd: (reason: ConnectionEndReason, message: string) => void;
}

export class Connection implements ChannelCarrier {
  readonly outgoing: OutgoingFrames;
  readonly channels: Channel[];
  inFlightBytes = 0;
  framesReceived = 0;
  /** Times that a full socket or requests in flight stopped the reading. */
  stops = 0;
  /** Times that the reading stopped for the others' sake. */
  yields = 0;
  readonly #throttle: Throttle;
  readonly #streams: ReturnType<typeof byteStreamOf>[];
  #waitTimer: NodeJS.Timeout | undefined;
  readonly #socket: PartitionSocket;
  readonly #reader: FrameReader;
  readonly #window = new ReadWindow(readBuffer);
  readonly #events: ConnectionEvents;
  #isReading = false;
  #isScheduled = false;
  #isForwarding = false;
  #framesThisTurn = 0;
  #isOver = false;

  /** Takes ownership of `fd`, a connected stream socket. @param throttle the partition's */
  constructor(fd: number, devices: Device[], throttle: Throttle, events: ConnectionEvents) {
    this.#throttle = throttle;
    this.#streams = devices.map(byteStreamOf);
    this.#events = events;
    this.#reader = new FrameReader(this.#onFrame.bind(this));
    this.#socket = new PartitionSocket({
      fd,
      readable: true,
      writable: true,
      onread: { buffer: () => this.#window.changed, callback: this.#onRead.bind(this) },
    } as ConstructorParameters<typeof PartitionSocket>[0]);
    this.#socket.on('error', (error) => this.#finish('socket-error', error.message));
    this.#socket.on('end', () => this.#finish('peer-closed', 'the partition process closed its end'));
    this.#socket.on('close', () => this.#finish('peer-closed', 'the connection is gone'));
    this.outgoing = new OutgoingFrames(fd, this.#socket);
    this.outgoing.onDrained = () => this.#onDrained();
    this.channels = devices.map((device, index) => new Channel(index + 1, device, this));
    this.#offer();
  }

  get isFull(): boolean {
    return this.outgoing.isFull;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  #offer(): void {
    for (const { id, device } of this.channels) {
      const at = this.outgoing.begin(FRAME_OFFER, id, 4 + VMBUS_OFFER_LABEL_BYTES, 0, 0);
      const { bytes } = this.outgoing;
      bytes.fill(0, at, at + 4 + VMBUS_OFFER_LABEL_BYTES);
      putWord(bytes, at, device.service);
      new TextEncoder().encodeInto(device.label, bytes.subarray(at + 4, at + 4 + VMBUS_OFFER_LABEL_BYTES));
    }
    this.outgoing.begin(FRAME_ALL_OFFERS, 0, 0, 0, 0);
    this.outgoing.flush();
  }

  #onRead(bytesRead: number): boolean {
    this.#feed(this.#window.piece(bytesRead));
    this.#window.release(bytesRead, this.#reader.pendingBytes === 0);
    return true;
  }

  #feed(piece: Uint8Array): void {
    this.#isReading = true;
    this.#framesThisTurn = 0;
    try {
      if (piece.length > 0) this.#reader.push(piece);
      else this.#reader.resume();
    } catch (error) {
      this.#violate(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isReading = false;
    }
    this.outgoing.flush();
  }

  #onFrame(frame: Frame): void {
    if (this.#isOver) return;
    this.framesReceived++;
    let channel: Channel | undefined;
    let mayGoOn = true;
    switch (frame.kind) {
      case FRAME_DATA:
      case FRAME_OPEN:
      case FRAME_CLOSE: {
        channel = this.channels[frame.channelId - 1];
        if (channel === undefined) {
          this.#violate(`frame for channel ${frame.channelId}`);
          return;
        }
        if (!channel.accept(frame.kind, frame.payload, frame.transactionLo, frame.transactionHi)) {
          this.#violate(`frame kind ${frame.kind} on channel ${channel.id}, ${channel.state}`);
          return;
        }
        mayGoOn = this.#throttle.packet(this.#streams[frame.channelId - 1], frame.payload.length);
        if (this.outgoing.pendingBytes > FLUSH_BYTES) this.outgoing.flush();
        break;
      }
      case FRAME_MESSAGE:
      case FRAME_EVENT:
        mayGoOn = this.#throttle.message();
        this.#events.onBrokered(frame);
        break;
      default:
        this.#violate(`frame kind ${frame.kind} from a partition`);
        return;
    }
    this.#framesThisTurn++;
    if (!mayGoOn) this.#wait();
    // Only the channel that got the frame can have come to its limit by it.
    if (this.#isOverLimit || channel?.isAtLimit === true) this.#stop();
    else if (this.#framesThisTurn >= FRAMES_PER_TURN) this.#yield();
  }

  get #isOverLimit(): boolean {
    return this.outgoing.isFull || this.inFlightBytes > IN_FLIGHT_LIMIT_BYTES;
  }

  #mustWait(): boolean {
    return (
      this.#waitTimer !== undefined || this.#isOverLimit || this.channels.some((channel) => channel.isAtLimit)
    );
  }

  #stop(): void {
    this.stops++;
    this.#reader.stop();
    this.#socket.pause();
  }

  #yield(): void {
    this.yields++;
    this.#reader.stop();
    this.#socket.pause();
    this.#schedule();
  }

  /** The partition went over a limit: it is read again when that is made up for. */
  #wait(): void {
    this.#reader.stop();
    this.#socket.pause();
    this.#waitTimer ??= setTimeout(() => {
      this.#waitTimer = undefined;
      this.#continue();
    }, this.#throttle.beginWait());
  }

  noteAnswer(payloadBytes: number): void {
    this.#throttle.answer(payloadBytes);
  }

  /** Frames of this turn go out together at its end. */
  settle(): void {
    if (!this.#isReading) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isOver) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.outgoing.flush();
      this.#continue();
    });
  }

  #continue(): void {
    if (this.#isOver || !this.#reader.isStopped || this.#mustWait()) return;
    this.#feed(noBytes);
    if (!this.#reader.isStopped && !this.#isOver) this.#socket.resume();
  }

  #onDrained(): void {
    for (const channel of this.channels) if (channel.state === 'open') channel.device.resume?.();
    this.#continue();
  }

  /** Queues a brokered message or event; false when the partition does not take what it gets. */
  forward(kind: number, payload: Uint8Array, lo: number, hi: number): boolean {
    if (this.#isOver || this.outgoing.isFull) return false;
    const at = this.outgoing.begin(kind, 0, payload.length, lo, hi);
    this.outgoing.bytes.set(payload, at);
    this.#flushAfterSender();
    return true;
  }

  /** Once the connection that messages come from has been read: sooner than after a turn of the event loop, and in one write. */
  #flushAfterSender(): void {
    if (this.#isForwarding) return;
    this.#isForwarding = true;
    void Promise.resolve().then(() => {
      this.#isForwarding = false;
      this.outgoing.flush();
    });
  }

  #violate(message: string): void {
    this.#finish('protocol-violation', message);
  }

  /** Ends the connection. The devices learn that their channels are closed; late answers are dropped. */
  end(reason: ConnectionEndReason, message: string): void {
    this.#finish(reason, message);
  }

  #finish(reason: ConnectionEndReason, message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#waitTimer);
    this.outgoing.end();
    for (const channel of this.channels) channel.rescind();
    this.#socket.destroy();
    this.#events.onEnd(reason, message);
  }
}
