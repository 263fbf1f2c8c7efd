// Collects the frames that one VP thread sends to the root partition and writes them in as few pieces as possible.
import { FRAME_HEADER_BYTES, FRAME_MAX_PAYLOAD_BYTES } from '../abi/frames.ts';
import { writeFrameHeader } from './frame-header.ts';

const OUTBOX_BYTES = 2 * (FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD_BYTES);

/** Writes bytes to the socket wholly; throws when the partition is being stopped. */
export type SocketWrite = (bytes: Uint8Array, length: number) => void;

export class FrameOutbox {
  readonly #bytes = new Uint8Array(OUTBOX_BYTES);
  readonly #write: SocketWrite;
  #length = 0;

  constructor(write: SocketWrite) {
    this.#write = write;
  }

  /** Appends a frame whose payload `copyPayload` puts in place. */
  append(
    frame: {
      kind: number;
      channelId: number;
      payloadBytes: number;
      transactionLo: number;
      transactionHi: number;
    },
    copyPayload: (target: Uint8Array, offset: number) => void,
  ): void {
    if (this.#length + FRAME_HEADER_BYTES + frame.payloadBytes > OUTBOX_BYTES) this.flush();
    writeFrameHeader(this.#bytes, this.#length, frame);
    copyPayload(this.#bytes, this.#length + FRAME_HEADER_BYTES);
    this.#length += FRAME_HEADER_BYTES + frame.payloadBytes;
  }

  flush(): void {
    if (this.#length === 0) return;
    this.#write(this.#bytes, this.#length);
    this.#length = 0;
  }
}
