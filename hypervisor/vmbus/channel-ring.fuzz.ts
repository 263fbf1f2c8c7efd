// Fuzz target `channel-rings`: the host's ends of channel rings over control pages, packet headers and contents that a
// guest made up, and the check of where a ring may lie. Two rings with guards around them, one for each direction; the
// host's indices go on from case to case until the batch ends.
import {
  CHANNEL_MAX_PAYLOAD_BYTES,
  RING_MAX_DATA_BYTES,
  VM_PKT_COMP,
  VM_PKT_DATA_INBAND,
} from '../abi/vmbus.ts';
import { createGuestMemory, GuestMemory } from '../platform/guest-memory.ts';
import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import { isRingAcceptable, RingFault, RingReader, RingWriter } from './channel-ring.ts';

const GUARD_BYTE = 0xa5;
const HEADER = 16;
const PAGE = 4096;
const MEMORY_PAGES = 1;
/** guard | out ring: control, 2 pages of data | guard | in ring: control, 1 page | guard */
const OUT = { gpa: 0x2000, pages: 3, dataBytes: 2 * PAGE };
const IN = { gpa: 0x8000, pages: 2, dataBytes: PAGE };
const guards = [
  [0, OUT.gpa],
  [OUT.gpa + OUT.pages * PAGE, IN.gpa],
  [IN.gpa + IN.pages * PAGE, MEMORY_PAGES * 65536],
] as const;
/** Behind what the host copies out of the ring. */
const MARGIN = 64;

class RingSession implements FuzzSession {
  readonly casesPerBatch = 4096;
  readonly outcomes = {
    drained: 0,
    written: 0,
    'without room': 0,
    faulty: 0,
    'placed rightly': 0,
    misplaced: 0,
  };
  readonly #memory = new GuestMemory(createGuestMemory(MEMORY_PAGES).buffer);
  readonly #guard = Buffer.alloc(65536, GUARD_BYTE);
  readonly #target = new Uint8Array(OUT.dataBytes + MARGIN);
  readonly #payload = Uint8Array.from({ length: IN.dataBytes + 64 }, (_, index) => 1 + (index % 251));
  #reader = new RingReader(this.#memory, OUT.gpa, OUT.pages);
  #writer = new RingWriter(this.#memory, IN.gpa, IN.pages);
  /** Where the host's ends must be. */
  #read = 0;
  #write = 0;
  #takenBytes = 0;
  #taken = 0;
  #leave = 0;

  reset(): void {
    const { bytes } = this.#memory;
    bytes.fill(0);
    for (const [from, to] of guards) bytes.fill(GUARD_BYTE, from, to);
    this.#openReader();
    this.#openWriter();
  }

  #openReader(): void {
    this.#memory.words.fill(0, OUT.gpa >>> 2, (OUT.gpa >>> 2) + 2);
    this.#reader = new RingReader(this.#memory, OUT.gpa, OUT.pages);
    this.#read = 0;
  }

  #openWriter(): void {
    this.#memory.words.fill(0, IN.gpa >>> 2, (IN.gpa >>> 2) + 2);
    this.#writer = new RingWriter(this.#memory, IN.gpa, IN.pages);
    this.#write = 0;
  }

  runCase(random: FuzzRandom): void {
    const kind = random.below(16);
    if (kind < 9) this.#drain(random);
    else if (kind < 15) this.#fill(random);
    else this.#place(random);
  }

  #drain(random: FuzzRandom): void {
    const { words } = this.#memory;
    const control = OUT.gpa >>> 2;
    let at = this.#read;
    for (let packets = random.below(3); packets >= 0; packets--) at = this.#putPacket(random, at);
    words[control] = random.below(8) === 7 ? random.word() : at;
    if (random.below(8) === 7) words[control + 1] = random.word();
    this.#leave = random.below(8) === 7 ? 1 : 0;
    this.#taken = 0;
    this.#takenBytes = 0;
    let taken = 0;
    try {
      taken = this.#reader.drain(this.#sink);
    } catch (error) {
      must(error instanceof RingFault, () => `threw ${error}`);
      this.outcomes.faulty++;
      if (random.isTraced) random.note(`drain: ${(error as Error).message}`);
      this.#openReader();
      return;
    }
    if (random.isTraced)
      random.note(`drain: ${taken} packets from ${this.#read}, write index ${words[control]}`);
    must(taken === this.#taken, () => `${taken} packets, ${this.#taken} were handed over`);
    this.#read = (this.#read + this.#takenBytes) % OUT.dataBytes;
    // Where nothing was taken, nothing is said of it either.
    if (taken > 0)
      must(words[control + 1] === this.#read, () => `read index ${words[control + 1]}, not ${this.#read}`);
    must(
      this.#takenBytes <= OUT.dataBytes,
      () => `${this.#takenBytes} bytes out of a ring of ${OUT.dataBytes}`,
    );
    this.outcomes.drained++;
  }

  /** @returns the index behind the packet, if the guest told the truth of its length */
  #putPacket(random: FuzzRandom, at: number): number {
    const { words } = this.#memory;
    const data = (OUT.gpa + PAGE) >>> 2;
    const length = random.below(8) === 7 ? random.word() : random.below(96);
    words[data + (at >>> 2)] = random.below(16) === 15 ? random.word() : VM_PKT_DATA_INBAND;
    words[data + (at >>> 2) + 1] = length;
    words[data + (((at + 8) % OUT.dataBytes) >>> 2)] = random.next();
    const end = (at + HEADER + (length + 7)) % OUT.dataBytes;
    return end & ~7;
  }

  readonly #sink = (
    payloadBytes: number,
    _lo: number,
    _hi: number,
    copy: (target: Uint8Array, offset: number) => void,
  ): boolean => {
    must(
      payloadBytes <= CHANNEL_MAX_PAYLOAD_BYTES && payloadBytes <= OUT.dataBytes - HEADER,
      () => `a packet of ${payloadBytes} bytes`,
    );
    if (this.#leave === 1 && this.#taken === 1) return false;
    const target = this.#target;
    target[payloadBytes] = GUARD_BYTE;
    copy(target, 0);
    must(target[payloadBytes] === GUARD_BYTE, 'more was copied than was announced');
    const from = this.#read + this.#takenBytes + HEADER;
    const inRing = (offset: number): number | undefined =>
      this.#memory.bytes[OUT.gpa + PAGE + ((from + offset) % OUT.dataBytes)];
    if (payloadBytes > 0) {
      must(target[0] === inRing(0), 'the first byte is not the ring’s');
      must(target[payloadBytes - 1] === inRing(payloadBytes - 1), 'the last byte is not the ring’s');
    }
    this.#taken++;
    this.#takenBytes += HEADER + ((payloadBytes + 7) & ~7);
    return true;
  };

  #fill(random: FuzzRandom): void {
    const { words, bytes } = this.#memory;
    const control = IN.gpa >>> 2;
    const kind = random.below(4);
    // A guest that takes nothing, everything, something, or that lies.
    if (kind === 1) words[control + 1] = this.#write;
    else if (kind === 2) words[control + 1] = 8 * random.below(IN.dataBytes / 8);
    else if (kind === 3) words[control + 1] = random.word();
    const read = (words[control + 1] as number) >>> 0;
    const length = random.below(4) === 3 ? random.below(this.#payload.length) : random.below(200);
    const payload = this.#payload.subarray(0, length);
    let isWritten: boolean;
    try {
      isWritten = this.#writer.write(VM_PKT_COMP, payload, random.next(), length);
    } catch (error) {
      must(error instanceof RingFault, () => `threw ${error}`);
      if (random.isTraced) random.note(`write: ${(error as Error).message}`);
      this.outcomes.faulty++;
      this.#openWriter();
      return;
    }
    must(read < IN.dataBytes && read % 8 === 0, () => `read index ${read} was taken`);
    const used = (this.#write - read + IN.dataBytes) % IN.dataBytes;
    const total = HEADER + ((length + 7) & ~7);
    if (random.isTraced)
      random.note(`write: ${length} bytes at ${this.#write}, read index ${read}: ${isWritten}`);
    must(
      isWritten === used + total <= IN.dataBytes - 8,
      `room for ${total} bytes: ${isWritten}, used ${used}`,
    );
    if (!isWritten) {
      this.outcomes['without room']++;
      return;
    }
    const inRing = (offset: number): number => IN.gpa + PAGE + ((this.#write + offset) % IN.dataBytes);
    must(bytes[inRing(4)] === (length & 255), 'the length is not where it belongs');
    if (length > 0) {
      must(bytes[inRing(HEADER)] === payload[0], 'the first byte is not where it belongs');
      must(
        bytes[inRing(HEADER + length - 1)] === payload[length - 1],
        'the last byte is not where it belongs',
      );
    }
    this.#write = (this.#write + total) % IN.dataBytes;
    must(words[control] === this.#write, () => `write index ${words[control]}, not ${this.#write}`);
    this.outcomes.written++;
  }

  #place(random: FuzzRandom): void {
    const gpa = random.below(2) === 0 ? PAGE * random.below(18) : random.word();
    const pages = random.below(2) === 0 ? random.below(18) : random.word();
    const isTaken = isRingAcceptable(this.#memory, gpa, pages);
    const isRight =
      gpa > 0 &&
      gpa % PAGE === 0 &&
      pages >= 2 &&
      BigInt(gpa) + BigInt(pages) * 4096n <= BigInt(this.#memory.byteLength) &&
      (pages - 1) * PAGE <= RING_MAX_DATA_BYTES;
    must(isTaken === isRight, () => `a ring of ${pages} pages at ${gpa.toString(16)}: ${isTaken}`);
    this.outcomes[isTaken ? 'placed rightly' : 'misplaced']++;
  }

  endBatch(): void {
    for (const [from, to] of guards) {
      const isWhole = this.#guard.subarray(0, to - from).equals(this.#memory.bytes.subarray(from, to));
      must(
        isWhole,
        () => `the host wrote outside of the rings, between ${from.toString(16)} and ${to.toString(16)}`,
      );
    }
  }
}

const FILE = 'hypervisor/vmbus/channel-ring.ts';

export const target: FuzzTarget = {
  name: 'channel-rings',
  about:
    "A guest's ring control pages and packets: faults only by RingFault, each byte from its place, nothing outside.",
  decoders: [FILE],
  casesInTests: 300_000,
  plantedBugs: [
    {
      name: 'indices may lie outside of the ring',
      file: FILE,
      from: 'index >= this.dataBytes || ',
      to: '',
      within: 100_000,
    },
    {
      name: 'indices need not be multiples of 8',
      file: FILE,
      from: ' || (index & 7) !== 0',
      to: '',
      within: 100_000,
    },
    {
      name: 'a packet may claim more than was written',
      file: FILE,
      from: ' || total > available',
      to: '',
      within: 100_000,
    },
    {
      name: 'a payload at the end of the data does not wrap',
      file: FILE,
      from: 'const first = Math.min(length, this.dataBytes - from);',
      to: 'const first = length;',
      within: 200_000,
    },
    {
      name: 'an answer that wraps is written behind the ring',
      file: FILE,
      from: 'const first = Math.min(payload.length, this.dataBytes - to);',
      to: 'const first = payload.length;',
      within: 200_000,
    },
    {
      name: 'a ring is filled until it looks empty',
      file: FILE,
      from: 'this.dataBytes - used - 8)',
      to: 'this.dataBytes - used)',
      within: 200_000,
    },
    {
      name: 'a ring may reach beyond the end of memory',
      file: FILE,
      from: ' && memory.contains(gpa, pages * HV_PAGE_SIZE)',
      to: '',
      within: 100_000,
    },
  ],
  start: () => new RingSession(),
};
