// Takes frames out of a byte stream that arrives in arbitrary pieces (abi/frames.ts).
import { FRAME_HEADER_BYTES, FRAME_MAX_PAYLOAD_BYTES, FRAME_OFFER, FRAME_OPENED } from '../abi/frames.ts';
import { getWord } from './frame-header.ts';

/** A frame. `payload` is a view that is valid only during the callback. */
export interface Frame {
  kind: number;
  channelId: number;
  transactionLo: number;
  transactionHi: number;
  payload: Uint8Array;
}

/** The peer broke the framing; its connection cannot go on. */
export class FrameError extends Error {
  readonly code = 'FRAME_MALFORMED';
}

const noBytes = new Uint8Array(0);

export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  // A frame that is split between pieces collects here; whole frames are handed out where they lie.
  #pending: Uint8Array = noBytes;
  #pendingBytes = 0;
  // The last piece, not an own one, that was one frame, and that frame's payload: who always reads to one place gets one
  // view of it.
  #piece: Uint8Array = noBytes;
  #payload: Uint8Array = noBytes;
  #isStopped = false;
  #held: Uint8Array = noBytes;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /**
   * Feeds one piece.
   * @param isOwn whether it stays as it is, so that what is held back of it need not be copied
   * @throws FrameError at the first malformed header
   */
  push(piece: Uint8Array, isOwn = false): void {
    for (let offset = 0; offset < piece.length; ) {
      if (this.#isStopped) {
        this.#hold(piece.subarray(offset), isOwn);
        return;
      }
      const left = piece.length - offset;
      const isHeader = this.#pendingBytes === 0 && left >= FRAME_HEADER_BYTES;
      const total = isHeader ? frameBytes(piece, offset) : Infinity;
      if (total <= left) {
        this.#deliver(piece, offset, this.#payloadOf(piece, offset, offset + total, isOwn));
        offset += total;
      } else {
        offset += this.#collect(piece, offset);
      }
    }
  }

  /** Called by the receiver: after the frame that it is being given, nothing is delivered until `resume`. */
  stop(): void {
    this.#isStopped = true;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Delivers what was held back, until it is used up or the receiver stops again. @throws FrameError */
  resume(): void {
    this.#isStopped = false;
    const held = this.#held;
    this.#held = noBytes;
    this.push(held, true);
  }

  #hold(rest: Uint8Array, isOwn: boolean): void {
    if (isOwn && this.#held.length === 0) {
      this.#held = rest;
      return;
    }
    const held = new Uint8Array(this.#held.length + rest.length);
    held.set(this.#held);
    held.set(rest, this.#held.length);
    this.#held = held;
  }

  /** Bytes of an unfinished frame held back; the stream may end only where this is 0. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  #collect(piece: Uint8Array, offset: number): number {
    if (this.#pendingBytes < FRAME_HEADER_BYTES) {
      const wanted = Math.min(FRAME_HEADER_BYTES - this.#pendingBytes, piece.length - offset);
      if (this.#pending.length < FRAME_HEADER_BYTES) this.#pending = new Uint8Array(FRAME_HEADER_BYTES);
      this.#append(piece, offset, wanted);
      if (this.#pendingBytes === FRAME_HEADER_BYTES) this.#deliverIfComplete();
      return wanted;
    }
    const total = frameBytes(this.#pending, 0);
    if (this.#pending.length < total) {
      const larger = new Uint8Array(FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD_BYTES);
      larger.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = larger;
    }
    const wanted = Math.min(total - this.#pendingBytes, piece.length - offset);
    this.#append(piece, offset, wanted);
    this.#deliverIfComplete();
    return wanted;
  }

  #append(piece: Uint8Array, offset: number, length: number): void {
    this.#pending.set(piece.subarray(offset, offset + length), this.#pendingBytes);
    this.#pendingBytes += length;
  }

  #deliverIfComplete(): void {
    const total = frameBytes(this.#pending, 0);
    if (this.#pendingBytes < total) return;
    this.#pendingBytes = 0;
    this.#deliver(this.#pending, 0, this.#pending.subarray(FRAME_HEADER_BYTES, total));
  }

  #payloadOf(piece: Uint8Array, offset: number, end: number, isOwn: boolean): Uint8Array {
    const isWhole = offset === 0 && end === piece.length && !isOwn;
    if (isWhole && piece === this.#piece) return this.#payload;
    const payload = piece.subarray(offset + FRAME_HEADER_BYTES, end);
    if (isWhole) {
      this.#piece = piece;
      this.#payload = payload;
    }
    return payload;
  }

  #deliver(bytes: Uint8Array, offset: number, payload: Uint8Array): void {
    this.#onFrame({
      kind: bytes[offset + 4] as number,
      channelId: (bytes[offset + 6] as number) | ((bytes[offset + 7] as number) << 8),
      transactionLo: getWord(bytes, offset + 8),
      transactionHi: getWord(bytes, offset + 12),
      payload,
    });
  }
}

/** Bytes of the frame whose header is at `offset`. */
function frameBytes(bytes: Uint8Array, offset: number): number {
  const payloadBytes = getWord(bytes, offset);
  const kind = bytes[offset + 4] as number;
  if (payloadBytes > FRAME_MAX_PAYLOAD_BYTES) {
    throw new FrameError(`frame of ${payloadBytes} bytes, at most ${FRAME_MAX_PAYLOAD_BYTES} are allowed`);
  }
  if (kind < FRAME_OFFER || kind > FRAME_OPENED || bytes[offset + 5] !== 0) {
    throw new FrameError(`unknown frame kind ${kind}`);
  }
  return FRAME_HEADER_BYTES + payloadBytes;
}
