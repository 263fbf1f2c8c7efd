// The header of a frame between a partition process and the root partition process (abi/frames.ts).
import { FRAME_HEADER_BYTES } from '../abi/frames.ts';

/** Writes a frame header at `offset`; `bytes` must have room for FRAME_HEADER_BYTES there. */
export function writeFrameHeader(
  bytes: Uint8Array,
  offset: number,
  frame: {
    kind: number;
    channelId: number;
    payloadBytes: number;
    transactionLo: number;
    transactionHi: number;
  },
): void {
  putWord(bytes, offset, frame.payloadBytes);
  putWord(bytes, offset + 4, frame.kind | (frame.channelId << 16));
  putWord(bytes, offset + 8, frame.transactionLo);
  putWord(bytes, offset + 12, frame.transactionHi);
}

/** One frame in a buffer of its own. */
export function encodeFrame(
  kind: number,
  channelId: number,
  payload: Uint8Array = new Uint8Array(0),
  transactionLo = 0,
  transactionHi = 0,
): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(bytes, 0, { kind, channelId, payloadBytes: payload.length, transactionLo, transactionHi });
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

export function putWord(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

/** The little-endian u32 at `offset`. */
export function getWord(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) |
      ((bytes[offset + 1] as number) << 8) |
      ((bytes[offset + 2] as number) << 16) |
      ((bytes[offset + 3] as number) << 24)) >>>
    0
  );
}
