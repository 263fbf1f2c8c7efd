// Fuzz target `copy-once`: the same hypercalls as `hypercalls`, made by twins. One of them changes every byte of its
// memory as soon as the hypervisor has fetched it; whatever was fetched twice, or looked at and not copied, would show
// as a difference between the two, or in the count.
import { createGuestMemory, GuestMemory } from '../platform/guest-memory.ts';
import { WatchedMemory, watchAtomics } from '../platform/testing/watched-memory.ts';
import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import {
  CHANNEL_ABSENT,
  CHANNEL_OFFERED,
  CHANNEL_STATE,
  channelWord,
} from '../virtual-processor/control-block.ts';
import { CallingPartition, PAGES } from './testing/calling-partition.ts';
import { CHANNELS, HypercallCases } from './testing/hypercall-cases.ts';

class CopyOnceSession implements FuzzSession {
  readonly casesPerBatch = 128;
  readonly outcomes = { 'without a fetch': 0, 'with fetches': 0, 'with frames': 0 };
  readonly #restore = watchAtomics();
  readonly #watchedMemory = createGuestMemory(PAGES);
  readonly #plainMemory = createGuestMemory(PAGES);
  #memory = new WatchedMemory(this.#watchedMemory.buffer as SharedArrayBuffer);
  #watched = this.#make(this.#watchedMemory, this.#memory);
  #plain = this.#make(this.#plainMemory, new GuestMemory(this.#plainMemory.buffer as SharedArrayBuffer));
  #cases = new HypercallCases(this.#memory.real.words);

  #make(memory: WebAssembly.Memory, view: GuestMemory): CallingPartition {
    const partition = new CallingPartition(undefined, { memory, view });
    partition.enableSynic();
    for (let id = 1; id <= CHANNELS; id++) partition.words[channelWord(id) + CHANNEL_STATE] = CHANNEL_OFFERED;
    return partition;
  }

  reset(): void {
    this.#memory.real.bytes.fill(0);
    this.#plain.memory.bytes.fill(0);
    this.#watched = this.#make(this.#watchedMemory, this.#memory);
    this.#plain = this.#make(this.#plainMemory, this.#plain.memory);
  }

  runCase(random: FuzzRandom): void {
    const [watched, plain, cases, memory] = [this.#watched, this.#plain, this.#cases, this.#memory];
    cases.next(random);
    plain.memory.bytes.set(memory.real.bytes);
    const id = channelWord(1 + random.below(CHANNELS)) + CHANNEL_STATE;
    for (const { words } of [watched, plain]) if (words[id] === CHANNEL_ABSENT) words[id] = CHANNEL_OFFERED;
    memory.watch();
    const given = this.#call(watched);
    memory.rest();
    const expected = this.#call(plain);
    if (random.isTraced) {
      const words = [
        cases.controlHi,
        cases.controlLo,
        cases.inputHi,
        cases.inputLo,
        cases.outputHi,
        cases.outputLo,
      ];
      random.note(
        `hypercall ${words.map((word) => (word >>> 0).toString(16)).join(' ')} → ${given.toString(16)}`,
      );
    }
    must(memory.fetchedTwice < 0, () => `byte ${memory.fetchedTwice.toString(16)} was fetched twice`);
    must(
      given === expected,
      () => `result ${given.toString(16)}, without the second processor ${expected.toString(16)}`,
    );
    must(JSON.stringify(watched.frames) === JSON.stringify(plain.frames), 'frames differ between the twins');
    const isSame = Buffer.from(watched.controlBlock).equals(Buffer.from(plain.controlBlock));
    must(isSame, 'control blocks differ between the twins');
    if (watched.frames.length > 0) this.outcomes['with frames']++;
    else if (memory.fetchedBytes > 0) this.outcomes['with fetches']++;
    else this.outcomes['without a fetch']++;
    for (const { frames } of [watched, plain]) frames.length = 0;
  }

  #call(partition: CallingPartition): number {
    const { controlLo, controlHi, inputLo, inputHi, outputLo, outputHi } = this.#cases;
    const call = [controlLo, controlHi, inputLo, inputHi, outputLo, outputHi] as const;
    return partition.hypercall(...(call.map((word) => word | 0) as unknown as typeof call));
  }

  close(): void {
    this.#restore();
  }
}

export const target: FuzzTarget = {
  name: 'copy-once',
  about:
    'Guest memory that changes as soon as it was read: each byte is fetched once in a hypercall, and that counts.',
  decoders: [
    'hypervisor/hypercall/register-calls.ts',
    'hypervisor/hypercall/synic-calls.ts',
    'hypervisor/hypercall/partition-calls.ts',
    'hypervisor/vmbus/channel-ring.ts',
    'hypervisor/vmbus/vmbus-server.ts',
  ],
  casesInTests: 4000,
  plantedBugs: [
    {
      name: "a packet's length is fetched again when it is copied",
      file: 'hypervisor/vmbus/channel-ring.ts',
      from: 'this.#copy(from, payloadBytes, target, offset)',
      to: 'this.#copy(from, (words[at + 1] as number) >>> 0, target, offset)',
      within: 10_000,
    },
    {
      name: "a register's name is fetched again when it is set",
      file: 'hypervisor/hypercall/register-calls.ts',
      from: 'setRegister(context, name, lo)',
      to: 'setRegister(context, (words[at] as number) >>> 0, lo)',
      within: 10_000,
    },
    {
      name: "a message's size is taken from guest memory, not from the copy",
      file: 'hypervisor/hypercall/synic-calls.ts',
      from: 'PAYLOAD_OFFSET + size)',
      to: 'PAYLOAD_OFFSET + (context.memory.words[(inputLo + 12) >>> 2] as number))',
      within: 10_000,
    },
  ],
  start: () => new CopyOnceSession(),
};
