// The host's ends of channel rings: against a model of a correct guest, and against a guest that writes what it likes.
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CHANNEL_MAX_PAYLOAD_BYTES,
  RING_MAX_DATA_BYTES,
  VM_PKT_COMP,
  VM_PKT_DATA_INBAND,
} from '../abi/vmbus.ts';
import { createGuestMemory, GuestMemory } from '../platform/guest-memory.ts';
import { isRingAcceptable, RingFault, RingReader, RingWriter } from './channel-ring.ts';

const RING = 0x1000;
const PAGES = 3;
const DATA = RING + 4096;
const DATA_BYTES = (PAGES - 1) * 4096;
const HEADER = 16;
const padded = (bytes: number): number => (bytes + 7) & ~7;

const makeMemory = (): GuestMemory => new GuestMemory(createGuestMemory(8).buffer);

/** A guest's end, written without the host's code. */
class GuestEnd {
  readonly #memory: GuestMemory;
  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  get writeIndex(): number {
    return this.#memory.words[RING >>> 2] as number;
  }
  set writeIndex(value: number) {
    this.#memory.words[RING >>> 2] = value | 0;
  }
  get readIndex(): number {
    return this.#memory.words[(RING >>> 2) + 1] as number;
  }
  set readIndex(value: number) {
    this.#memory.words[(RING >>> 2) + 1] = value | 0;
  }

  #store(at: number, bytes: Uint8Array): void {
    for (const [index, byte] of bytes.entries())
      this.#memory.bytes[DATA + ((at + index) % DATA_BYTES)] = byte;
  }

  #load(at: number, length: number): Uint8Array {
    return Uint8Array.from(
      { length },
      (_, index) => this.#memory.bytes[DATA + ((at + index) % DATA_BYTES)] as number,
    );
  }

  /** Appends a packet if there is room. */
  produce(payload: Uint8Array, transaction: number): boolean {
    const used = (this.writeIndex - this.readIndex + DATA_BYTES) % DATA_BYTES;
    if (used + HEADER + padded(payload.length) > DATA_BYTES - 8) return false;
    const header = new DataView(new ArrayBuffer(HEADER));
    header.setUint32(0, VM_PKT_DATA_INBAND, true);
    header.setUint32(4, payload.length, true);
    header.setUint32(8, transaction, true);
    this.#store(this.writeIndex, new Uint8Array(header.buffer));
    this.#store((this.writeIndex + HEADER) % DATA_BYTES, payload);
    this.writeIndex = (this.writeIndex + HEADER + padded(payload.length)) % DATA_BYTES;
    return true;
  }

  /** Takes the next packet, if there is one. */
  consume(): { type: number; transaction: number; payload: Uint8Array } | undefined {
    if (this.readIndex === this.writeIndex) return undefined;
    const header = new DataView(this.#load(this.readIndex, HEADER).buffer);
    const length = header.getUint32(4, true);
    const payload = this.#load((this.readIndex + HEADER) % DATA_BYTES, length);
    this.readIndex = (this.readIndex + HEADER + padded(length)) % DATA_BYTES;
    return { type: header.getUint32(0, true), transaction: header.getUint32(8, true), payload };
  }
}

interface Taken {
  transaction: number;
  payload: Uint8Array;
}

function drain(reader: RingReader, most = Number.POSITIVE_INFINITY): Taken[] {
  const taken: Taken[] = [];
  reader.drain((length, transaction, _hi, copy) => {
    if (taken.length >= most) return false;
    const payload = new Uint8Array(length);
    copy(payload, 0);
    taken.push({ transaction, payload });
    return true;
  });
  return taken;
}

const payloads = fc.uint8Array({ maxLength: 700 });

describe('a correct guest', () => {
  it('gets every packet to the host, in order and whole', () => {
    const steps = fc.array(fc.oneof(payloads, fc.integer({ min: 0, max: 5 })), {
      minLength: 40,
      maxLength: 200,
    });
    const property = fc.property(steps, (sequence) => {
      const memory = makeMemory();
      const [guest, reader] = [new GuestEnd(memory), new RingReader(memory, RING, PAGES)];
      const waiting: Taken[] = [];
      sequence.forEach((step, transaction) => {
        if (typeof step === 'number') expect(drain(reader, step)).toEqual(waiting.splice(0, step));
        else if (guest.produce(step, transaction)) waiting.push({ transaction, payload: step });
      });
      expect(drain(reader)).toEqual(waiting);
      expect(guest.readIndex).toBe(guest.writeIndex);
    });
    fc.assert(property, { seed: 1, numRuns: 100 });
  });

  it('gets every packet from the host, in order and whole, and none when there is no room', () => {
    const steps = fc.array(fc.option(payloads), { minLength: 40, maxLength: 200 });
    const property = fc.property(steps, (sequence) => {
      const memory = makeMemory();
      const [guest, writer] = [new GuestEnd(memory), new RingWriter(memory, RING, PAGES)];
      const waiting: Taken[] = [];
      const used = (): number =>
        waiting.reduce((sum, { payload }) => sum + HEADER + padded(payload.length), 0);
      sequence.forEach((step, transaction) => {
        if (step === null) {
          const expected = waiting.shift();
          expect(guest.consume()).toEqual(expected && { type: VM_PKT_COMP, ...expected });
        } else {
          const hasRoom = used() + HEADER + padded(step.length) <= DATA_BYTES - 8;
          expect(writer.write(VM_PKT_COMP, step, transaction, 0)).toBe(hasRoom);
          if (hasRoom) waiting.push({ transaction, payload: step });
        }
      });
    });
    fc.assert(property, { seed: 2, numRuns: 100 });
  });

  it('can fill the ring up to its last 8 bytes', () => {
    const memory = makeMemory();
    const writer = new RingWriter(memory, RING, PAGES);
    const most = DATA_BYTES - 8 - HEADER;
    expect([writer.fits(most), writer.fits(most + 1)]).toEqual([true, false]);
    expect(writer.write(VM_PKT_COMP, new Uint8Array(most), 0, 0)).toBe(true);
    expect(writer.write(VM_PKT_COMP, new Uint8Array(0), 0, 0)).toBe(false);
  });
});

describe('a hostile guest', () => {
  const wrongIndices = [1, 4, 7, DATA_BYTES, DATA_BYTES + 8, 0x7fff_fff8, -8, -1, -0x8000_0000];

  it.each(wrongIndices)('with index %i meets a RingFault on either end', (index) => {
    const memory = makeMemory();
    const guest = new GuestEnd(memory);
    guest.writeIndex = index;
    expect(() => drain(new RingReader(memory, RING, PAGES))).toThrow(RingFault);
    guest.readIndex = index;
    expect(() => new RingWriter(memory, RING, PAGES).write(VM_PKT_COMP, new Uint8Array(8), 0, 0)).toThrow(
      RingFault,
    );
  });

  it.each([
    ['another type', VM_PKT_COMP, 8, 24],
    ['bits of the reserved field', VM_PKT_DATA_INBAND | 0x1_0000, 8, 24],
    ['more payload than was written', VM_PKT_DATA_INBAND, 9, 24],
    ['a header that is not there whole', VM_PKT_DATA_INBAND, 0, 8],
    ['too much payload', VM_PKT_DATA_INBAND, CHANNEL_MAX_PAYLOAD_BYTES + 1, 24],
    ['a length that wraps', VM_PKT_DATA_INBAND, -8, 24],
    ['a length whose padding wraps', VM_PKT_DATA_INBAND, -1, 24],
    ['a negative length', VM_PKT_DATA_INBAND, -0x8000_0000, 24],
  ])('with %s in a packet meets a RingFault before anything is copied', (_name, type, length, written) => {
    const memory = makeMemory();
    memory.words[DATA >>> 2] = type;
    memory.words[(DATA >>> 2) + 1] = length;
    new GuestEnd(memory).writeIndex = written;
    let copies = 0;
    const reader = new RingReader(memory, RING, PAGES);
    expect(() =>
      reader.drain(() => {
        copies++;
        return true;
      }),
    ).toThrow(RingFault);
    expect(copies).toBe(0);
  });

  it('cannot set back what the host has read', () => {
    const memory = makeMemory();
    const [guest, reader] = [new GuestEnd(memory), new RingReader(memory, RING, PAGES)];
    guest.produce(Uint8Array.of(1), 1);
    expect(drain(reader).length).toBe(1);
    guest.readIndex = 0;
    expect(drain(reader)).toEqual([]);
  });

  it('never makes the host read or write outside of the ring, whatever its memory holds', () => {
    const words = fc.array(fc.oneof(fc.integer(), fc.constantFrom(0, 6, 8, 16, 4088, 8184)), {
      minLength: 32,
      maxLength: 64,
    });
    const index = fc.oneof(
      fc.integer(),
      fc.nat({ max: DATA_BYTES / 8 }).map((n) => 8 * n),
    );
    const property = fc.property(words, index, index, payloads, (noise, write, read, payload) => {
      const memory = makeMemory();
      memory.bytes.fill(0xa5);
      for (let at = 0; at < DATA_BYTES / 4; at++)
        memory.words[(DATA >>> 2) + at] = noise[at % noise.length] as number;
      const guest = new GuestEnd(memory);
      guest.writeIndex = write;
      guest.readIndex = read;
      const attempt = (action: () => unknown): void => {
        try {
          action();
        } catch (error) {
          expect(error).toBeInstanceOf(RingFault);
        }
      };
      attempt(() =>
        drain(new RingReader(memory, RING, PAGES)).forEach(({ payload: { length } }) => {
          expect(length).toBeLessThanOrEqual(DATA_BYTES);
        }),
      );
      const writer = new RingWriter(memory, RING, PAGES);
      for (let count = 0; count < 20; count++) attempt(() => writer.write(VM_PKT_COMP, payload, 0, 0));
      const outside = [memory.bytes.subarray(0, RING), memory.bytes.subarray(DATA + DATA_BYTES)];
      for (const bytes of outside) expect(bytes.every((byte) => byte === 0xa5)).toBe(true);
    });
    fc.assert(property, { seed: 4, numRuns: 300 });
  });

  it('that rewrites a packet while it is read changes no length that was checked', async () => {
    const memory = makeMemory();
    const flip = `const { workerData: { buffer, data, control } } = require('node:worker_threads');
      const words = new Int32Array(buffer);
      for (let n = 0;; n++) {
        words[data + 1] = n & 1 ? 8 : -8;
        if ((n & 7) === 0) words[control] = n & 8 ? 24 : 16;
        if ((n & 1023) === 0 && Atomics.load(words, 0)) break;
      }`;
    const workerData = { buffer: memory.buffer, data: DATA >>> 2, control: RING >>> 2 };
    const worker = new Worker(flip, { eval: true, workerData });
    memory.words[DATA >>> 2] = VM_PKT_DATA_INBAND;
    await new Promise((resolve) => worker.once('online', resolve));
    const seen = new Map<string, number>();
    const target = new Uint8Array(64);
    for (let tries = 0; tries < 200_000; tries++) {
      const reader = new RingReader(memory, RING, PAGES);
      try {
        reader.drain((length, _lo, _hi, copy) => {
          expect(length).toBe(8);
          copy(target.subarray(0, length), 0);
          return false;
        });
        seen.set('taken', (seen.get('taken') ?? 0) + 1);
      } catch (error) {
        expect(error).toBeInstanceOf(RingFault);
        seen.set('refused', (seen.get('refused') ?? 0) + 1);
      }
    }
    Atomics.store(memory.words, 0, 1);
    await new Promise((resolve) => worker.once('exit', resolve));
    // Both happened, or nothing was raced for.
    expect([...seen.keys()].sort()).toEqual(['refused', 'taken']);
  });
});

describe('a guest with another processor', () => {
  it('keeps the host busy for no more than a ringful, however fast it fills the ring', () => {
    const memory = makeMemory();
    const [guest, reader] = [new GuestEnd(memory), new RingReader(memory, RING, PAGES)];
    const packet = new Uint8Array(1000);
    const most = Math.ceil(DATA_BYTES / (HEADER + packet.length));
    guest.produce(packet, 0);
    const fill = (): number =>
      reader.drain(() => {
        guest.produce(packet, 0);
        guest.produce(packet, 0);
        if (guest.writeIndex === guest.readIndex) throw new Error('the guest is too slow');
        if (++handed > 2 * most) throw new Error('the host does not come back');
        return true;
      });
    let handed = 0;
    expect(fill()).toBe(most);
    // What was left waits for the next call.
    handed = 0;
    expect(fill()).toBe(most);
  });
});

describe('a ring', () => {
  const memory = makeMemory();
  const end = memory.byteLength;
  it.each([
    [4096, 2, true],
    [4096, 8, true],
    [end - 8192, 2, true],
    [0, 2, false],
    [4096, 1, false],
    [4096, 0, false],
    [4100, 2, false],
    [end - 4096, 2, false],
    [end, 2, false],
    [0xffff_f000, 2, false],
    [4096, 0xffff_ffff, false],
    [4096, RING_MAX_DATA_BYTES / 4096 + 2, false],
  ])('at %i of %i pages: %s', (gpa, pages, isAcceptable) => {
    expect(isRingAcceptable(memory, gpa, pages)).toBe(isAcceptable);
  });
});
