// Fuzzing of published code: mutants of the translator's units either are refused, or run and reach nothing but their
// memory and their table. Mutant number n of a seed is always the same.
import { Worker } from 'node:worker_threads';
import { Random } from '../../../guests/riscv/oracle/generator/random.ts';
import { type Genuine, ModuleMutator } from './mutate-module.ts';
import { outcomes } from './scratch-machine.ts';

export interface FuzzOptions {
  seed: bigint;
  mutants: number;
  /** Programs of each class that the units come from. */
  programs: number;
  /** False: without the check, to see that the rest would notice. */
  isChecked?: boolean;
}

export interface FuzzResult {
  /** How many mutants came to which end. */
  counts: Record<(typeof outcomes)[number] | 'endless', number>;
  /** The first escape, if there was one. */
  escape: string | undefined;
}

/** What a worker is given. */
export interface FuzzTask extends FuzzOptions {
  first: number;
  end: number;
  isChecked: boolean;
  words: Int32Array;
  /** What is said of an escape. */
  account: Uint8Array;
}

/** Words that worker and supervisor share: the number of the mutant that runs, -1 before the first; the outcomes. */
export const WORD_AT = 0;
export const WORD_FIRST_OUTCOME = 1;
const ACCOUNT_BYTES = 1024;
/** Looks at a worker that does not get on, after which its mutant counts as endless. */
const LOOK_MS = 50;
const LOOKS = 5;

/** Mutant number `number`, and of which unit it is one. */
export function mutantOf(
  units: readonly Genuine[],
  seed: bigint,
  number: number,
): { mutant: Uint8Array<ArrayBuffer>; of: number } {
  const random = new Random((seed << 32n) ^ BigInt(number));
  const of = random.below(units.length);
  return { mutant: new ModuleMutator(units, random).mutant(of), of };
}

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const words = new Int32Array(new SharedArrayBuffer(4 * (WORD_FIRST_OUTCOME + outcomes.length)));
  const account = new Uint8Array(new SharedArrayBuffer(ACCOUNT_BYTES));
  let endless = 0;
  for (let first = 0; first < options.mutants; endless++) {
    words[WORD_AT] = -1;
    const task = { isChecked: true, ...options, first, end: options.mutants, words, account };
    if (await runToEnd(task)) break;
    first = (words[WORD_AT] as number) + 1;
  }
  const text = new TextDecoder().decode(account.slice()).replaceAll('\0', '');
  const counts = outcomes.map((kind, index) => [kind, words[WORD_FIRST_OUTCOME + index]]);
  return {
    counts: { ...Object.fromEntries(counts), endless } as FuzzResult['counts'],
    escape: text === '' ? undefined : text,
  };
}

/** @returns false when a mutant did not come back; its thread was ended */
async function runToEnd(task: FuzzTask): Promise<boolean> {
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), { workerData: task });
  let [seen, looks] = [-1, 0];
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      const at = Atomics.load(task.words, WORD_AT);
      looks = at === seen && at >= 0 ? looks + 1 : 0;
      seen = at;
      if (looks < LOOKS) return;
      clearInterval(timer);
      worker.terminate().then(() => resolve(false), reject);
    }, LOOK_MS);
    worker.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    worker.on('exit', () => {
      clearInterval(timer);
      resolve(Atomics.load(task.words, WORD_AT) === task.end);
    });
  });
}
