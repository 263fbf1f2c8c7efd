// What the comparison asks of a machine under test: to load a program, execute one instruction, and show its state.
import type { Program } from './generator/program.ts';
import type { State } from './state.ts';

export interface Machine {
  /** Resets, loads the program and goes to its entry. */
  load(program: Program): void;
  /** Executes one instruction, or takes one trap. */
  step(): void;
  /** Writes the current state into `state`. */
  readState(state: State): void;
  /** The image's memory. */
  memory(): Uint8Array;
}
