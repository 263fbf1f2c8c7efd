// Fuzz target `frames`: byte streams between partition process and root partition, cut and stopped anywhere, against a
// reader that has the whole stream at once.
import { FRAME_HEADER_BYTES, FRAME_MAX_PAYLOAD_BYTES } from '../abi/frames.ts';
import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import { FrameError, FrameReader } from './frame-reader.ts';

const STREAM_BYTES = 2048;

/** What the stream says, read in one go: where each frame is, and whether it ends in a malformed header. */
function readWhole(stream: Buffer): {
  frames: { at: number; end: number }[];
  isMalformed: boolean;
  rest: number;
} {
  const frames: { at: number; end: number }[] = [];
  let at = 0;
  for (;;) {
    if (stream.length - at < FRAME_HEADER_BYTES)
      return { frames, isMalformed: false, rest: stream.length - at };
    const length = stream.readUInt32LE(at);
    const kind = stream[at + 4] as number;
    if (length > FRAME_MAX_PAYLOAD_BYTES || kind < 1 || kind > 10 || stream[at + 5] !== 0) {
      return { frames, isMalformed: true, rest: 0 };
    }
    if (stream.length - at - FRAME_HEADER_BYTES < length) {
      return { frames, isMalformed: false, rest: stream.length - at };
    }
    frames.push({ at, end: at + FRAME_HEADER_BYTES + length });
    at += FRAME_HEADER_BYTES + length;
  }
}

class FrameSession implements FuzzSession {
  readonly outcomes = { whole: 0, unfinished: 0, malformed: 0 };
  readonly #stream = Buffer.alloc(STREAM_BYTES);
  readonly #sockets = new Map<number, Uint8Array>();

  #makeStream(random: FuzzRandom): Buffer {
    let end = 0;
    let length = 0;
    for (let frames = 1 + random.below(6); frames > 0; frames--) {
      if (random.below(3) > 0) length = random.below(12) === 11 ? random.word() : random.below(120);
      const payload = Math.min(length, 120);
      if (end + FRAME_HEADER_BYTES + payload > STREAM_BYTES) break;
      this.#stream.writeUInt32LE(length, end);
      this.#stream[end + 4] = random.below(16) === 15 ? random.below(256) : 1 + random.below(10);
      this.#stream[end + 5] = random.below(16) === 15 ? random.below(256) : 0;
      for (let word = 6; word < FRAME_HEADER_BYTES; word += 2)
        this.#stream.writeUInt16LE(random.next() & 0xffff, end + word);
      this.#stream.fill(random.below(256), end + FRAME_HEADER_BYTES, end + FRAME_HEADER_BYTES + payload);
      end += FRAME_HEADER_BYTES + payload;
    }
    if (random.below(4) === 3) end -= random.below(Math.min(end, 24));
    const stream = this.#stream.subarray(0, end);
    if (random.below(6) === 5) random.disturb(stream, 2);
    return stream;
  }

  runCase(random: FuzzRandom): void {
    const stream = this.#makeStream(random);
    const { frames, isMalformed, rest } = readWhole(stream);
    let next = 0;
    const stops = random.next();
    const reader = new FrameReader(({ kind, channelId, transactionLo, transactionHi, payload }) => {
      const expected = frames[next];
      must(expected !== undefined, 'a frame too many');
      const { at, end } = expected;
      const isSame =
        kind === stream[at + 4] &&
        channelId === stream.readUInt16LE(at + 6) &&
        transactionLo === stream.readUInt32LE(at + 8) &&
        transactionHi === stream.readUInt32LE(at + 12) &&
        stream.subarray(at + FRAME_HEADER_BYTES, end).equals(payload);
      must(isSame, () => `frame ${next} is not what was sent`);
      if (((stops >>> (next % 32)) & 1) === 1) reader.stop();
      next++;
    });
    const hasThrown = this.#feed(reader, stream, frames, random);
    if (random.isTraced) random.note(`stream ${stream.toString('hex')}`);
    must(
      hasThrown === isMalformed,
      isMalformed ? 'a malformed header was taken' : 'a good stream was refused',
    );
    must(next === frames.length, () => `${next} of ${frames.length} frames were delivered`);
    must(
      isMalformed || reader.pendingBytes === rest,
      () => `${reader.pendingBytes} bytes are pending, not ${rest}`,
    );
    this.outcomes[isMalformed ? 'malformed' : rest > 0 ? 'unfinished' : 'whole']++;
  }

  /** @returns whether the reader refused */
  #feed(
    reader: FrameReader,
    stream: Buffer,
    frames: readonly { at: number; end: number }[],
    random: FuzzRandom,
  ): boolean {
    try {
      for (let at = 0; at < stream.length; ) {
        const ends = frames.filter(({ end }) => end > at);
        const frameEnd = ends[random.below(4) === 3 ? 1 : 0]?.end ?? stream.length;
        const lengths = [1 + random.below(40), stream.length - at, frameEnd - at];
        const length = Math.min(lengths[random.below(3)] as number, stream.length - at);
        // The piece is a socket's buffer, used again for the next one of that length.
        const piece = this.#sockets.get(length) ?? new Uint8Array(length);
        this.#sockets.set(length, piece);
        piece.set(stream.subarray(at, at + length));
        reader.push(piece);
        piece.fill(0xee);
        at += length;
        if (random.below(2) === 1) while (reader.isStopped) reader.resume();
      }
      while (reader.isStopped) reader.resume();
      return false;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      return true;
    }
  }
}

const FILE = 'hypervisor/vmbus/frame-reader.ts';

export const target: FuzzTarget = {
  name: 'frames',
  about:
    'Frames from a partition process, however cut: those of the stream, in order, up to the first malformed header.',
  decoders: [FILE],
  casesInTests: 10_000,
  plantedBugs: [
    {
      name: 'the reserved byte is not looked at',
      file: FILE,
      from: ' || bytes[offset + 5] !== 0',
      to: '',
      within: 20_000,
    },
    {
      name: 'frames may be longer than the limit',
      file: FILE,
      from: 'payloadBytes > FRAME_MAX_PAYLOAD_BYTES',
      to: 'payloadBytes > 2 * FRAME_MAX_PAYLOAD_BYTES',
      within: 100_000,
    },
    {
      name: "what is held back stays in the socket's buffer",
      file: FILE,
      from: 'if (isOwn && this.#held.length === 0)',
      to: 'if (this.#held.length === 0)',
      within: 20_000,
    },
    {
      name: 'two frames of a piece have the payload of the one that was there before',
      file: FILE,
      from: 'if (isWhole && piece === this.#piece)',
      to: 'if (piece === this.#piece)',
      within: 100_000,
    },
    {
      name: 'the channel id has eight bits',
      file: FILE,
      from: ' | ((bytes[offset + 7] as number) << 8)',
      to: '',
      within: 20_000,
    },
  ],
  start: () => new FrameSession(),
};
