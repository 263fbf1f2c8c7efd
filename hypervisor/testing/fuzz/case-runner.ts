// Runs the cases of a session, batch after batch, up to the first that breaks an invariant.
import { FuzzRandom } from './fuzz-random.ts';
import type { FuzzSession } from './fuzz-target.ts';

/** The case at which something did not hold. */
export interface FailedCase {
  caseNumber: number;
  message: string;
}

/** One case as numbers to draw. */
export type Choices = readonly number[];

export class CaseRunner {
  readonly #session: FuzzSession;
  readonly #seed: number;
  readonly #random = new FuzzRandom();
  readonly casesPerBatch: number;

  constructor(session: FuzzSession, seed: number) {
    this.#session = session;
    this.#seed = seed;
    this.casesPerBatch = session.casesPerBatch ?? 1;
  }

  /**
   * Runs the cases from `first`, which begins a batch, to `end`.
   * @param onCase is told of each before it is run
   */
  async run(
    first: number,
    end: number,
    onCase: (caseNumber: number) => void,
  ): Promise<FailedCase | undefined> {
    const random = this.#random;
    const session = this.#session;
    let caseNumber = first;
    // Decoders that refuse by throwing do so million times; the place is only wanted when the case is run again.
    Error.stackTraceLimit = 0;
    try {
      await session.reset?.();
      for (; caseNumber < end; caseNumber++) {
        onCase(caseNumber);
        random.start(this.#seed, caseNumber);
        const pending = session.runCase(random);
        if (pending !== undefined) await pending;
      }
      await session.endBatch?.();
      return undefined;
    } catch (error) {
      return { caseNumber: Math.min(caseNumber, end - 1), message: messageOf(error) };
    } finally {
      Error.stackTraceLimit = 10;
    }
  }

  /** What the cases from `first` to the failed one draw. */
  async record(first: number, failed: number): Promise<Choices[]> {
    const random = this.#random;
    const recorded: Choices[] = [];
    try {
      await this.#session.reset?.();
      for (let caseNumber = first; caseNumber <= failed; caseNumber++) {
        random.startTraced(this.#seed, caseNumber);
        try {
          await this.#session.runCase(random);
        } finally {
          recorded.push(random.choices);
        }
      }
    } catch {
      // It is known to fail.
    }
    return recorded;
  }

  /** Runs cases by their choices. @returns what did not hold, and what the cases said of themselves */
  async replay(cases: readonly Choices[]): Promise<{ message: string | undefined; notes: string[] }> {
    const random = this.#random;
    const notes: string[] = [];
    try {
      await this.#session.reset?.();
      for (const choices of cases) {
        random.replay(choices);
        try {
          await this.#session.runCase(random);
        } finally {
          notes.push(...random.notes);
        }
      }
      await this.#session.endBatch?.();
      return { message: undefined, notes };
    } catch (error) {
      return { message: messageOf(error), notes };
    }
  }
}

/** One line for a broken invariant, with the place for any other error. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  if (error.constructor.name === 'BrokenInvariant') return error.message;
  const place = /\(?((?:file:|\/)[^)\n]*)\)?$/m.exec(error.stack ?? '')?.[1] ?? '';
  return `threw ${error.name}: ${error.message}${place === '' ? '' : ` at ${place.replace(/^.*\/(?=[^/]+\/[^/]+$)/, '')}`}`;
}
