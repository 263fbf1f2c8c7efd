// What the comparison asks of a machine under test: to load a program, execute one instruction, and show its state.
import type { Engine } from '../machine/testing/engines.ts';
import type { Program } from './generator/program.ts';
import type { State } from './state.ts';

export interface Machine {
  /** Resets, loads the program and goes to its entry. */
  load(program: Program): void;
  /** Executes one instruction, or takes one trap. */
  step(): void;
  /** Writes the current state into `state`. */
  readState(state: State): void;
  /** Has the CLINT's timer or Sstc's be due; time stands still otherwise. */
  letTimerRunOut(timer: 'machine' | 'supervisor'): void;
  /** Takes over the oracle's value of a field that may legally differ, so that the difference does not spread. */
  adopt(field: string, value: bigint): void;
  /** The image's memory. */
  memory(): Uint8Array;
}

/** What translation has done since the machine was made. */
export interface TranslationCounts {
  made: number;
  evicted: number;
  /** Instructions that units have run. */
  instructions: number;
}

/** A machine that can also run many instructions at once, with everything that this caches. */
export interface RunningMachine extends Machine {
  /** Runs about `budget` instructions. */
  run(budget: number): void;
  /** Chooses how `run` runs code; the translators translate all that they can. */
  setEngine(engine: Engine): void;
  /** Instructions retired since the reset; a trapped instruction does not retire. */
  readonly retired: number;
  readonly translation: TranslationCounts;
}
