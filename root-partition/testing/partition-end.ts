// A partition process as the root partition sees one: frames over a socket, whatever they contain.
import { Socket } from 'node:net';
import { FRAME_ALL_OFFERS, FRAME_COMPLETION, FRAME_DATA, FRAME_OPEN } from '../../hypervisor/abi/frames.ts';
import { encodeFrame } from '../../hypervisor/vmbus/frame-header.ts';
import { type Frame, FrameReader } from '../../hypervisor/vmbus/frame-reader.ts';

export class PartitionEnd {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<void>;
  #onFrame: () => void = () => {};

  constructor(fd: number) {
    this.socket = new Socket({ fd, readable: true, writable: true });
    const reader = new FrameReader((frame) => {
      this.frames.push({ ...frame, payload: Uint8Array.from(frame.payload) });
    });
    this.socket.on('data', (piece: Buffer) => {
      reader.push(piece);
      this.#onFrame();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => {
        resolve();
        this.#onFrame();
      });
    });
  }

  send(kind: number, channelId: number, payload?: Uint8Array, transactionLo = 0, transactionHi = 0): void {
    this.socket.write(encodeFrame(kind, channelId, payload, transactionLo, transactionHi));
  }

  open(channelId: number): void {
    this.send(FRAME_OPEN, channelId);
  }

  data(channelId: number, payload: Uint8Array, transactionLo = 0): void {
    this.send(FRAME_DATA, channelId, payload, transactionLo);
  }

  /** Waits for a frame that matches, and takes it. @throws when the connection ends before */
  async take(matches: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const index = this.frames.findIndex(matches);
      if (index >= 0) return this.frames.splice(index, 1)[0] as Frame;
      if (this.socket.destroyed) throw new Error('the connection ended first');
      await new Promise<void>((resolve) => {
        this.#onFrame = resolve;
      });
    }
  }

  /** The answer to a transaction. */
  async answer(transactionLo: number): Promise<Uint8Array> {
    return (
      await this.take((frame) => frame.kind === FRAME_COMPLETION && frame.transactionLo === transactionLo)
    ).payload;
  }

  async offered(): Promise<void> {
    await this.take((frame) => frame.kind === FRAME_ALL_OFFERS);
  }
}
