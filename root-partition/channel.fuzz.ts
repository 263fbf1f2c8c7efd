// Fuzz target `channel-messages`: packets to the console, a disk, the entropy and the clock device through their channels,
// which the guest opens and closes as it likes. Every answer is known beforehand, the disk's by a model of the disk.
import { FRAME_CLOSE, FRAME_COMPLETION, FRAME_DATA, FRAME_OPEN } from '../hypervisor/abi/frames.ts';
import type { FuzzRandom } from '../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../hypervisor/testing/fuzz/fuzz-target.ts';
import { getWord, putWord } from '../hypervisor/vmbus/frame-header.ts';
import { Channel, type ChannelCarrier } from './channel.ts';
import { ClockService } from './clock/service.ts';
import { ConsoleService } from './console/service.ts';
import type { Device } from './device.ts';
import { EntropyService } from './entropy/service.ts';
import { OutgoingFrames } from './outgoing-frames.ts';
import { ScratchVolume } from './storage/scratch-volume.ts';
import { StorageService } from './storage/service.ts';

const HEADER = 16;
const BLOCK = 512;
const CAPACITY = 192 * 1024;
const MAX_TRANSFER = 131_072;
const [CONSOLE, ENTROPY, CLOCK] = [0, 2, 3];
const UNIX_MS = 1_800_000_000_000;
const OK = 0;

/** No two of its 251 phases are alike. */
const pattern = Uint8Array.from({ length: MAX_TRANSFER + 256 }, (_, index) => index % 251);

/** What must come back for a packet: nothing, or one answer of so many bytes, perhaps with these contents. */
interface Expected {
  answerBytes: number | undefined;
  status?: number;
  data?: Uint8Array;
}

class Carrier implements ChannelCarrier {
  readonly outgoing = new OutgoingFrames(-1, { destroyed: false } as never);
  inFlightBytes = 0;
  /** What a partition is charged for. */
  answeredBytes = 0;

  get isFull(): boolean {
    return this.outgoing.isFull;
  }

  noteAnswer(payloadBytes: number): void {
    this.answeredBytes += payloadBytes;
  }

  settle(): void {}
}

class DeviceSession implements FuzzSession {
  readonly casesPerBatch = 256;
  readonly outcomes = {
    opened: 0,
    closed: 0,
    'out of turn': 0,
    unheard: 0,
    console: 0,
    disk: 0,
    'disk, refused': 0,
    entropy: 0,
    clock: 0,
    invalid: 0,
  };
  readonly #payload = new Uint8Array(MAX_TRANSFER + 64);
  readonly #disk = new Uint8Array(CAPACITY);
  #carrier = new Carrier();
  #console = new ConsoleService(4096);
  #channels: Channel[] = [];
  #printed = 0;
  #transaction = 0;

  reset(): void {
    this.#carrier = new Carrier();
    this.#console = new ConsoleService(4096);
    this.#printed = 0;
    this.#disk.fill(0);
    const plenty = { burstBytes: 2 ** 30, now: () => 0, later: () => {} };
    const devices: Device[] = [
      this.#console,
      new StorageService('disk0', new ScratchVolume(CAPACITY)),
      new EntropyService('entropy', plenty),
      new ClockService('clock', 1000, { unixMs: () => UNIX_MS, monotonicMs: () => 1.25 }),
    ];
    this.#channels = devices.map((device, index) => new Channel(index + 1, device, this.#carrier));
  }

  runCase(random: FuzzRandom): void {
    const index = random.below(4);
    const channel = this.#channels[index] as Channel;
    const wasOpen = channel.state === 'open';
    if (random.oneIn(12) || (!wasOpen && random.below(3) > 0)) {
      this.#turn(random, channel);
      return;
    }
    const length = this.#fill(random, index);
    const payload = this.#payload.subarray(0, length);
    const [lo, hi] = [++this.#transaction, random.next()];
    const before = this.#console.statistics()['outputBytes'] as number;
    const expected = wasOpen ? this.#expect(index, payload) : { answerBytes: undefined };
    must(channel.accept(FRAME_DATA, payload, lo, hi), 'data was taken for a violation');
    // It is the socket's buffer: the next frame comes into it at once.
    payload.fill(0xee);
    if (random.isTraced) random.note(`channel ${channel.id}, ${channel.state}: ${length} bytes`);
    this.#checkAnswer(channel.id, expected, lo, hi);
    const printed = (this.#console.statistics()['outputBytes'] as number) - before;
    must(printed === this.#printed, () => `${printed} bytes were printed, not ${this.#printed}`);
    this.#printed = 0;
    if (!wasOpen) this.outcomes.unheard++;
  }

  /** OPEN or CLOSE, with a payload now and then, which is a violation. */
  #turn(random: FuzzRandom, channel: Channel): void {
    const kind = random.below(2) === 0 ? FRAME_OPEN : FRAME_CLOSE;
    const payload = this.#payload.subarray(0, random.oneIn(6) ? 8 : 0);
    const isRight = payload.length === 0 && (kind === FRAME_OPEN) === (channel.state !== 'open');
    const wasNeverOpen = channel.state === 'offered';
    const { generation } = channel;
    const isTaken = channel.accept(kind, payload, 0, 0);
    must(
      isTaken === isRight,
      () => `kind ${kind} with ${payload.length} bytes: ${isTaken}, never open ${wasNeverOpen}`,
    );
    must((channel.generation !== generation) === isTaken, 'the generation is not the channel’s');
    this.#carrier.outgoing.end();
    if (!isTaken) this.outcomes['out of turn']++;
    else this.outcomes[kind === FRAME_OPEN ? 'opened' : 'closed']++;
  }

  /** Puts a packet together. @returns its length */
  #fill(random: FuzzRandom, index: number): number {
    const payload = this.#payload;
    payload.fill(0, 0, 64);
    if (random.oneIn(12)) {
      const noise = random.bytes(80);
      payload.set(noise);
      return noise.length;
    }
    const wild = (value: number): number => (random.oneIn(8) ? random.word() : value);
    switch (index) {
      case CONSOLE:
        putWord(payload, 0, wild(1));
        return random.oneIn(16) ? 65_530 + random.below(20) : random.below(100);
      case ENTROPY:
        putWord(payload, 0, random.below(2) === 0 ? random.below(4098) : random.word());
        putWord(payload, 4, wild(0));
        return random.oneIn(8) ? random.below(16) : 8;
      case CLOCK:
        putWord(payload, 0, wild(1));
        putWord(payload, 4, wild(0));
        return random.oneIn(8) ? random.below(16) : 8;
      default:
        return this.#fillRequest(random, wild);
    }
  }

  #fillRequest(random: FuzzRandom, wild: (value: number) => number): number {
    const payload = this.#payload;
    const operation = wild(random.below(6));
    const isLarge = random.oneIn(16);
    const blocks = isLarge ? random.below(MAX_TRANSFER / BLOCK + 2) : random.below(6);
    const length = wild(random.oneIn(12) ? random.below(5000) : BLOCK * blocks);
    putWord(payload, 0, operation);
    putWord(payload, 4, wild(0));
    putWord(payload, 8, wild(BLOCK * random.below(CAPACITY / BLOCK + 4)));
    putWord(payload, 12, random.oneIn(10) ? random.word() : 0);
    putWord(payload, 16, length);
    putWord(payload, 20, wild(0));
    if (operation !== 2) return random.oneIn(16) ? random.below(40) : 24;
    const data = Math.min(length, MAX_TRANSFER);
    const from = random.below(256);
    payload.set(pattern.subarray(from, from + data), 24);
    return random.oneIn(12) ? 24 + random.below(data + 1) : 24 + data;
  }

  #expect(index: number, payload: Uint8Array): Expected {
    const word = (at: number): number => (payload.length >= at + 4 ? getWord(payload, at) : -1);
    switch (index) {
      case CONSOLE: {
        const isRight = payload.length > 4 && payload.length <= 65_540 && word(0) === 1;
        if (isRight) this.#printed = payload.length - 4;
        this.outcomes[isRight ? 'console' : 'invalid']++;
        return { answerBytes: undefined };
      }
      case ENTROPY: {
        const isRight = payload.length === 8 && word(4) === 0 && word(0) <= 4096;
        this.outcomes[isRight ? 'entropy' : 'invalid']++;
        return { answerBytes: isRight ? word(0) : 0 };
      }
      case CLOCK: {
        const isRight = payload.length === 8 && word(0) === 1 && word(4) === 0;
        this.outcomes[isRight ? 'clock' : 'invalid']++;
        return { answerBytes: isRight ? 16 : 0 };
      }
      default:
        return this.#expectOfDisk(payload, word);
    }
  }

  /** The storage protocol once more, in exact numbers. */
  #expectOfDisk(payload: Uint8Array, word: (at: number) => number): Expected {
    const operation = word(0);
    const offset = BigInt(word(8)) + (BigInt(word(12)) << 32n);
    const length = word(16);
    const isWhole =
      payload.length >= 24 &&
      word(4) === 0 &&
      word(20) === 0 &&
      payload.length - 24 === (operation === 2 ? length : 0) &&
      operation <= 5;
    const hasRange = operation !== 0 && operation !== 3;
    const isMoved = operation === 1 || operation === 2;
    // Beyond 2^53 the low bits are lost, and the range is wrong all the same.
    const isAligned =
      Number(offset) % BLOCK === 0 && length % BLOCK === 0 && (!isMoved || length <= MAX_TRANSFER);
    const status =
      !isWhole || (hasRange && !isAligned) ? 1 : hasRange && offset + BigInt(length) > CAPACITY ? 2 : OK;
    this.outcomes[status === OK ? 'disk' : 'disk, refused']++;
    if (status !== OK) return { answerBytes: 8, status };
    const at = Number(offset);
    if (operation === 0) return { answerBytes: 32, status };
    if (operation === 1) return { answerBytes: 8 + length, status, data: this.#disk.slice(at, at + length) };
    if (operation === 2) this.#disk.set(payload.subarray(24), at);
    if (operation > 3) this.#disk.fill(0, at, at + length);
    return { answerBytes: 8, status };
  }

  #checkAnswer(channelId: number, { answerBytes, status, data }: Expected, lo: number, hi: number): void {
    const { outgoing, inFlightBytes, answeredBytes } = this.#carrier;
    this.#carrier.answeredBytes = 0;
    must(
      answeredBytes === (answerBytes ?? 0),
      () => `${answeredBytes} bytes were charged, not ${answerBytes}`,
    );
    const { bytes, pendingBytes } = outgoing;
    const wanted = answerBytes === undefined ? 0 : HEADER + answerBytes;
    must(pendingBytes === wanted, () => `${pendingBytes} bytes were answered, not ${wanted}`);
    must(inFlightBytes === 0, () => `${inFlightBytes} bytes are still said to be in flight`);
    outgoing.end();
    if (answerBytes === undefined) return;
    const head = [getWord(bytes, 0), getWord(bytes, 4), getWord(bytes, 8), getWord(bytes, 12)];
    const expected = [answerBytes, FRAME_COMPLETION | (channelId << 16), lo, hi];
    must(head.join() === expected.join(), () => `the answer's header is ${head}, not ${expected}`);
    if (status !== undefined)
      must(getWord(bytes, HEADER) === status, () => `status ${getWord(bytes, HEADER)}, not ${status}`);
    if (data === undefined) return;
    const given = bytes.subarray(HEADER + 8, HEADER + 8 + data.length);
    must(Buffer.from(data).equals(given), 'the disk gave other bytes than were written');
  }
}

export const target: FuzzTarget = {
  name: 'channel-messages',
  about:
    'Packets to console, disk, entropy and clock: one right answer for each request, and what the disk holds.',
  decoders: [
    'root-partition/channel.ts',
    'root-partition/console/requests.ts',
    'root-partition/storage/requests.ts',
    'root-partition/storage/service.ts',
    'root-partition/storage/scratch-volume.ts',
    'root-partition/entropy/requests.ts',
    'root-partition/clock/requests.ts',
  ],
  casesInTests: 20_000,
  plantedBugs: [
    {
      name: 'a request may reach beyond the end of the disk',
      file: 'root-partition/storage/requests.ts',
      from: 'offset > capacityBytes || length > capacityBytes - offset',
      to: 'offset > capacityBytes',
      within: 20_000,
    },
    {
      name: 'the high half of an offset is ignored',
      file: 'root-partition/storage/requests.ts',
      from: ' + getWord(payload, 12) * 0x1_0000_0000',
      to: '',
      within: 20_000,
    },
    {
      name: 'a reserved field is not looked at',
      file: 'root-partition/storage/requests.ts',
      from: ' || getWord(payload, 20) !== 0',
      to: '',
      within: 20_000,
    },
    {
      name: 'every chunk of a write gets the first bytes',
      file: 'root-partition/storage/scratch-volume.ts',
      from: 'range.bytes.subarray(range.at + passed, range.at + passed + to - from)',
      to: 'range.bytes.subarray(range.at, range.at + to - from)',
      within: 50_000,
    },
    {
      name: 'entropy is given beyond the limit',
      file: 'root-partition/entropy/requests.ts',
      from: 'length <= ENTROPY_MAX_BYTES',
      to: 'length <= 0xffff',
      within: 20_000,
    },
    {
      name: 'a console takes more than a chunk',
      file: 'root-partition/console/requests.ts',
      from: 'payload.length <= CONSOLE_HEADER_BYTES + CONSOLE_MAX_CHUNK_BYTES &&',
      to: '',
      within: 50_000,
    },
    {
      name: 'an open channel may be opened again',
      file: 'root-partition/channel.ts',
      from: "open: { [FRAME_OPEN]: 'violation'",
      to: "open: { [FRAME_OPEN]: 'open'",
      within: 20_000,
    },
  ],
  start: () => new DeviceSession(),
};
