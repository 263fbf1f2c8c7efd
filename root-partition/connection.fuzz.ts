// Fuzz target `connections`: what a partition process may write into its socket to the root partition, through real
// sockets. A stream that breaks the protocol ends its connection, and no other: a neighbour asks for the time between any
// two streams and gets it. Whatever happened, no descriptor and no request is left over.
import { openSync, readdirSync } from 'node:fs';
import { FRAME_CLOSE, FRAME_DATA, FRAME_EVENT, FRAME_MESSAGE, FRAME_OPEN } from '../hypervisor/abi/frames.ts';
import type { FuzzRandom } from '../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../hypervisor/testing/fuzz/fuzz-target.ts';
import { encodeFrame } from '../hypervisor/vmbus/frame-header.ts';
import type { ChannelConfiguration } from '../hypervisor/vmbus/root-control.ts';
import { InProcessRoot } from './testing/in-process-root.ts';
import { consolePacket, storagePacket, words } from './testing/packets.ts';
import type { PartitionEnd } from './testing/partition-end.ts';

const ATTACKER = 1;
const NEIGHBOUR = 2;
const [CONSOLE, SINK, DISK, ENTROPY, CLOCK] = [1, 2, 3, 4, 5];
const CHANNELS = 5;
const CAPACITY = 65_536;
const NEIGHBOUR_CLOCK = 1;
const LAST = 0xffff_ffff;

/** What the rules of channels make of a stream; contents of packets never break a connection. */
class Rules {
  readonly #isOpen = new Map<number, boolean>();
  isBroken = false;

  take(kind: number, channelId: number, payloadBytes: number): void {
    if (kind === FRAME_MESSAGE || kind === FRAME_EVENT) return;
    const isOpen = this.#isOpen.get(channelId) === true;
    const isRight =
      channelId >= 1 &&
      channelId <= CHANNELS &&
      (kind === FRAME_DATA ||
        (payloadBytes === 0 && (kind === FRAME_OPEN ? !isOpen : kind === FRAME_CLOSE && isOpen)));
    if (!isRight) this.isBroken = true;
    else if (kind !== FRAME_DATA) this.#isOpen.set(channelId, kind === FRAME_OPEN);
  }

  isOpen(channelId: number): boolean {
    return this.#isOpen.get(channelId) === true;
  }
}

class ConnectionSession implements FuzzSession {
  readonly casesPerBatch = 8;
  readonly outcomes = { 'kept to the protocol': 0, 'broke it': 0, 'left early': 0 };
  #root = new InProcessRoot();
  #neighbour: PartitionEnd | undefined;
  #asked = 0;
  #openFiles = 0;

  async reset(): Promise<void> {
    await this.close();
    this.#root = new InProcessRoot();
    this.#neighbour = await this.#root.connect(NEIGHBOUR, [{ service: 'clock', label: 'clock' }]);
    this.#neighbour.open(NEIGHBOUR_CLOCK);
    this.#openFiles = openFiles();
  }

  async runCase(random: FuzzRandom): Promise<void> {
    const channels: ChannelConfiguration[] = [
      { service: 'console', label: 'console', scrollBackBytes: 4096 },
      {
        service: 'sink',
        label: 'trace',
        file: this.#root.give(openSync('/dev/null', 'w')),
        maxBytes: 10_000,
      },
      { service: 'storage', label: 'disk0', volume: { kind: 'scratch', capacityBytes: CAPACITY } },
      { service: 'entropy', label: 'entropy' },
      { service: 'clock', label: 'clock' },
    ];
    const attacker = await this.#root.connect(ATTACKER, channels);
    const rules = new Rules();
    const stream = Buffer.concat(
      Array.from({ length: 1 + random.below(12) }, () => this.#frame(random, rules)).concat(
        // The clock, last: when it answers, all that came before has been seen.
        rules.isOpen(CLOCK) ? [] : [this.#follow(rules, FRAME_OPEN, CLOCK)],
        [this.#follow(rules, FRAME_DATA, CLOCK, words(1, 0), LAST)],
      ),
    );
    const leavesEarly = random.oneIn(6);
    const sent = leavesEarly ? stream.subarray(0, random.below(stream.length)) : stream;
    if (random.isTraced) random.note(`stream ${sent.toString('hex')}`);
    for (let at = 0; at < sent.length; ) {
      const length = random.oneIn(3) ? 1 + random.below(40) : sent.length;
      attacker.socket.write(sent.subarray(at, at + length));
      at += length;
    }
    if (leavesEarly) attacker.socket.end();
    await this.#checkEnd(attacker, rules, leavesEarly);
    await this.#askNeighbour();
    await this.#release(attacker);
  }

  #frame(random: FuzzRandom, rules: Rules): Buffer {
    const channelId = random.oneIn(24) ? random.below(65_536) : 1 + random.below(CHANNELS);
    const isOpen = rules.isOpen(channelId);
    if (!isOpen && !random.oneIn(6)) return this.#follow(rules, FRAME_OPEN, channelId);
    if (random.oneIn(12)) return this.#follow(rules, random.below(10), channelId, random.bytes(16));
    if (random.oneIn(8)) return this.#follow(rules, FRAME_CLOSE, channelId);
    if (random.oneIn(8)) return this.#follow(rules, FRAME_MESSAGE, 0, random.bytes(260), transaction(random));
    if (random.oneIn(8)) return this.#follow(rules, FRAME_EVENT, 0, new Uint8Array(0), transaction(random));
    return this.#follow(rules, FRAME_DATA, channelId, this.#packet(random, channelId), transaction(random));
  }

  #packet(random: FuzzRandom, channelId: number): Uint8Array {
    if (random.oneIn(6)) return random.bytes(64);
    switch (channelId) {
      case CONSOLE:
      case SINK:
        return consolePacket(random.bytes(200));
      case ENTROPY:
        return words(random.below(4200), 0);
      case DISK: {
        const data = random.below(2) === 0 ? new Uint8Array(512 * random.below(4)) : new Uint8Array(0);
        const offset = 512 * random.below(132);
        return storagePacket({ operation: random.below(6), offset, data, length: 512 * random.below(4) });
      }
      default:
        return words(1, 0);
    }
  }

  /** One frame, of which the rules take note. Kinds that the framing does not know break it as well. */
  #follow(rules: Rules, kind: number, channelId: number, payload?: Uint8Array, lo = 0): Buffer {
    rules.take(kind, channelId, payload?.length ?? 0);
    return Buffer.from(encodeFrame(kind, channelId, payload, lo, 1));
  }

  async #checkEnd(attacker: PartitionEnd, rules: Rules, leavesEarly: boolean): Promise<void> {
    if (leavesEarly) {
      await attacker.closed;
      this.outcomes['left early']++;
      return;
    }
    // One of the two comes: the answer to the last frame, or the end of the connection before.
    const answer = await attacker.answer(LAST).catch(() => undefined);
    if (rules.isBroken) {
      must(answer === undefined, 'a break of protocol was passed over');
      const reason = await this.#root.ended(ATTACKER);
      must(reason === 'protocol-violation', () => `the connection ended by ${reason}`);
      this.outcomes['broke it']++;
    } else {
      must(answer?.length === 16, 'a connection that kept to the protocol got no answer');
      this.outcomes['kept to the protocol']++;
    }
  }

  async #askNeighbour(): Promise<void> {
    this.#neighbour?.data(NEIGHBOUR_CLOCK, words(1, 0), ++this.#asked);
    const answer = await this.#neighbour?.answer(this.#asked).catch(() => undefined);
    must(answer?.length === 16, 'the neighbour got no answer');
  }

  async #release(attacker: PartitionEnd): Promise<void> {
    const answer = await this.#root.ask({ type: 'release', partitionId: ATTACKER });
    must(answer.ok, 'the partition could not be released');
    attacker.socket.destroy();
    await attacker.closed;
    // The events of this attacker are not those of the next.
    this.#root.events.length = 0;
    must(this.#root.unclaimedFiles === 0, 'a file that nobody took is still there');
  }

  endBatch(): void {
    const now = openFiles();
    must(now <= this.#openFiles, () => `${now} descriptors are open, ${this.#openFiles} were before`);
  }

  async close(): Promise<void> {
    await this.#root.stop();
  }
}

/** Any but the last one's. */
const transaction = (random: FuzzRandom): number => random.word() >>> 1;

const openFiles = (): number => readdirSync('/proc/self/fd').length;

export const target: FuzzTarget = {
  name: 'connections',
  about:
    "A partition process's whole stream: a break of protocol ends its connection alone, and nothing is left over.",
  decoders: [
    'root-partition/connection.ts',
    'root-partition/channel.ts',
    'root-partition/root-partition.ts',
    'root-partition/console/sink.ts',
    'hypervisor/vmbus/frame-reader.ts',
  ],
  casesInTests: 400,
  plantedBugs: [
    {
      name: 'frames for channels that do not exist are passed over',
      file: 'root-partition/connection.ts',
      from: 'this.#violate(`frame for channel',
      to: 'void (`frame for channel',
      within: 4000,
    },
    {
      name: 'a channel that was never opened may be closed',
      file: 'root-partition/channel.ts',
      from: "offered: { [FRAME_OPEN]: 'open', [FRAME_CLOSE]: 'violation'",
      to: "offered: { [FRAME_OPEN]: 'open', [FRAME_CLOSE]: 'ignore'",
      within: 4000,
    },
    {
      name: "a sink's file is never closed",
      file: 'root-partition/console/sink.ts',
      from: 'await new Promise<void>((resolve) => close(this.#fd, () => resolve()));',
      to: 'close(-1, () => {});',
      within: 400,
    },
  ],
  start: () => new ConnectionSession(),
};
