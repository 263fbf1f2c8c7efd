import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_DATA, FRAME_HEADER_BYTES, FRAME_MAX_PAYLOAD_BYTES } from '../abi/frames.ts';
import { encodeFrame } from './frame-header.ts';
import { FrameError, FrameReader } from './frame-reader.ts';

const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 1, max: 9 }),
    channelId: fc.integer({ min: 0, max: 0xffff }),
    transactionLo: fc.integer({ min: 0, max: 0xffff_ffff }),
    transactionHi: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 12 },
);

describe('frame reader', () => {
  it('returns the frames that were written, however the stream is cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(
          sent.map((f) => encodeFrame(f.kind, f.channelId, f.payload, f.transactionLo, f.transactionHi)),
        );
        const received: unknown[] = [];
        const reader = new FrameReader((frame) =>
          received.push({ ...frame, payload: frame.payload.slice() }),
        );
        for (let at = 0, i = 0; at < stream.length; i++) {
          const length = cuts[i % cuts.length] as number;
          reader.push(new Uint8Array(stream.subarray(at, at + length)));
          at += length;
        }
        expect(received).toEqual(sent);
        expect(reader.pendingBytes).toBe(0);
      }),
    );
  });

  it('refuses a frame above the limit before it allocates for it', () => {
    const header = encodeFrame(FRAME_DATA, 1).slice();
    new DataView(header.buffer).setUint32(0, FRAME_MAX_PAYLOAD_BYTES + 1, true);
    const reader = new FrameReader(() => {});
    expect(() => reader.push(header)).toThrow(FrameError);
  });

  it('refuses unknown kinds and a non-zero reserved byte, split or whole', () => {
    for (const [kind, reserved] of [
      [0, 0],
      [11, 0],
      [255, 0],
      [FRAME_DATA, 1],
    ]) {
      const header = encodeFrame(FRAME_DATA, 1).slice();
      header[4] = kind as number;
      header[5] = reserved as number;
      expect(() => new FrameReader(() => {}).push(header)).toThrow(FrameError);
      const split = new FrameReader(() => {});
      split.push(header.subarray(0, 7));
      expect(() => split.push(header.subarray(7))).toThrow(FrameError);
    }
  });

  it('takes the largest frame', () => {
    let length = 0;
    const reader = new FrameReader((frame) => {
      length = frame.payload.length;
    });
    const bytes = encodeFrame(FRAME_DATA, 1, new Uint8Array(FRAME_MAX_PAYLOAD_BYTES));
    reader.push(bytes.subarray(0, FRAME_HEADER_BYTES + 5));
    reader.push(bytes.subarray(FRAME_HEADER_BYTES + 5));
    expect(length).toBe(FRAME_MAX_PAYLOAD_BYTES);
  });

  it('delivers the same frames in the same order to a receiver that stops after any of them', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.boolean(), { minLength: 1 }), (sent, stops) => {
        const received: unknown[] = [];
        const reader = new FrameReader((frame) => {
          received.push({ ...frame, payload: frame.payload.slice() });
          if (stops[received.length % stops.length]) reader.stop();
        });
        for (const f of sent) {
          reader.push(encodeFrame(f.kind, f.channelId, f.payload, f.transactionLo, f.transactionHi));
        }
        while (reader.isStopped) reader.resume();
        expect(received).toEqual(sent);
      }),
    );
  });

  it('copies what it holds back once, however often the receiver stops', () => {
    const buffers = new Set<ArrayBufferLike>();
    let count = 0;
    const reader = new FrameReader((frame) => {
      if (count++ > 0) buffers.add(frame.payload.buffer);
      reader.stop();
    });
    const frame = encodeFrame(FRAME_DATA, 1, new Uint8Array(8));
    reader.push(Buffer.concat(Array.from({ length: 100 }, () => frame)));
    while (reader.isStopped) reader.resume();
    expect(count).toBe(100);
    expect(buffers.size).toBe(1);
  });
});
