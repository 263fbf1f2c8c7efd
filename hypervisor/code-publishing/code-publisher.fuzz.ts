// Fuzz target `published-code-runs`: mutants of the units that the machine's translator wrote, published and entered in a
// scratch machine. They may return, trap or never come back; of anything but their memory and their table they must
// leave no trace.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import { notePlantedElsewhere, plantedHere } from '../testing/fuzz/planted-bug.ts';
import { takeApart } from './testing/module-parts.ts';
import type { MutantAnswer, MutantTask, MutantWorkerData } from './testing/mutant-worker.ts';
import { type Genuine, ModuleMutator } from './testing/mutate-module.ts';
import type { Outcome } from './testing/scratch-machine.ts';
import { StreamRandom } from './testing/stream-random.ts';

/** See MutantWorkerData. */
const PROGRAMS = 1;
/** After this a mutant is endless, which is its own affair. */
const ENDLESS_MS = 250;

class PublishedSession implements FuzzSession {
  readonly outcomes = {
    'refused by the check': 0,
    'refused by the engine': 0,
    returned: 0,
    'trapped or endless': 0,
  };
  /** What the last mutant did to the machine stays. */
  #isSpoiled = false;
  readonly #seed: number;
  #worker: Worker | undefined;
  #units: readonly Genuine[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  async open(): Promise<this> {
    const plantedBug = plantedHere();
    const workerData: MutantWorkerData = { seed: BigInt(this.#seed), programs: PROGRAMS, plantedBug };
    this.#worker = new Worker(new URL('./testing/mutant-worker.ts', import.meta.url), { workerData });
    const [{ units }] = (await once(this.#worker, 'message')) as [{ units: Uint8Array<ArrayBuffer>[] }];
    notePlantedElsewhere();
    this.#units = units.map((bytes) => ({ bytes, parts: takeApart(bytes) }));
    return this;
  }

  async reset(): Promise<void> {
    if (!this.#isSpoiled) return;
    this.#isSpoiled = false;
    await this.close();
    await this.open();
  }

  async runCase(random: FuzzRandom): Promise<void> {
    const stream = new StreamRandom(random);
    const of = stream.below(this.#units.length);
    const mutant = new ModuleMutator(this.#units, stream).mutant(of);
    if (random.isTraced) random.note(`module ${Buffer.from(mutant).toString('hex')}`);
    const outcome = await this.#run({ mutant, of });
    const { kind, what } = outcome ?? { kind: 'trapped' };
    this.#isSpoiled = outcome === undefined || kind === 'escaped';
    must(kind !== 'escaped', what ?? '');
    this.outcomes[kind === 'trapped' ? 'trapped or endless' : kind]++;
  }

  /** @returns undefined when the mutant did not come back */
  async #run(task: MutantTask): Promise<Outcome | undefined> {
    const worker = this.#worker as Worker;
    worker.postMessage(task);
    const answered = once(worker, 'message') as Promise<[MutantAnswer]>;
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), ENDLESS_MS);
    const answer = await Promise.race([answered, late.promise]);
    clearTimeout(timer);
    // The thread goes, and with it whoever waits for its answer.
    answered.catch(() => {});
    return answer === undefined ? undefined : (answer[0] as Outcome);
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}

export const target: FuzzTarget = {
  name: 'published-code-runs',
  about: 'Units that a guest publishes, entered: they reach their memory and their table, and nothing else.',
  decoders: [
    'hypervisor/code-publishing/check-module.ts',
    'hypervisor/code-publishing/code-publisher.ts',
    'hypervisor/code-publishing/opcodes.ts',
  ],
  casesInTests: 800,
  plantedBugs: [
    {
      name: 'the check admits whatever comes',
      file: 'hypervisor/code-publishing/check-module.ts',
      from: 'if (error instanceof Refusal) return error.message;',
      to: 'if (error instanceof Refusal) return undefined;',
      within: 8000,
    },
  ],
  start: (seed) => new PublishedSession(seed).open(),
};
