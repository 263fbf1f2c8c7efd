// What a fuzz target is: a decoder of untrusted bytes, what must hold whatever it is given, and bugs that the target is
// known to notice. A target lives beside its decoder, in `<decoder>.fuzz.ts`, and is its export `target`.
import type { FuzzRandom } from './fuzz-random.ts';

export interface FuzzTarget {
  /** What --target takes. */
  readonly name: string;
  /** Whose bytes are decoded, and what must hold, in one line. */
  readonly about: string;
  /** The files under test, from the project's top: what the attack-surface listing refers to. */
  readonly decoders: readonly string[];
  /** Cases that show every outcome, for the test that runs with every change. */
  readonly casesInTests: number;
  /** Proof that the target can fail. */
  readonly plantedBugs: readonly PlantedBug[];
  /** @param seed the run's, for what all of its cases are made from */
  start(seed: number): FuzzSession | Promise<FuzzSession>;
}

/** A change of source that breaks a rule; the target must notice it. */
export interface PlantedBug {
  readonly name: string;
  /** File from the project's top, and text that occurs there once. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Cases of any seed within which it is found. */
  readonly within: number;
}

export interface FuzzSession {
  /** How many cases ended how; every one of these occurs among the cases of the test. */
  readonly outcomes: Record<string, number>;
  /** Cases that may depend on each other, from one `reset` to the next. Default: 1. */
  readonly casesPerBatch?: number;
  /** Puts everything back to how it was before the first case. */
  reset?(): void | Promise<void>;
  /** Runs one case. @throws whatever, when something does not hold */
  runCase(random: FuzzRandom): void | Promise<void>;
  /** Looks at what is too dear to look at after every case. @throws as above */
  endBatch?(): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** Something that must hold does not. */
export class BrokenInvariant extends Error {}

/** @throws BrokenInvariant with the message that `what` makes */
export function must(holds: boolean, what: string | (() => string)): asserts holds {
  if (!holds) throw new BrokenInvariant(typeof what === 'string' ? what : what());
}
