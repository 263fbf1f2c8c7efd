// A machine under test that replays QEMU's own trace: it proves that the oracle is deterministic, and, with one bit
// changed, that the comparison can fail.
import type { Program } from './generator/program.ts';
import type { Machine } from './machine.ts';
import { runOnQemu } from './qemu.ts';
import { pcOf, type State } from './state.ts';

/** Records a whole run of QEMU. */
export async function recordMachine(program: Program): Promise<RecordedMachine> {
  const states: State[] = [];
  const memory = await runOnQemu(program, (state) => {
    if (states.length > 0 || pcOf(state) === program.start) states.push(state.slice());
    return pcOf(state) !== program.end && states.length < 100_000;
  });
  return new RecordedMachine(states, memory);
}

export class RecordedMachine implements Machine {
  readonly states: State[];
  readonly #memory: Uint8Array;
  #at = 0;

  constructor(states: State[], memory: Uint8Array) {
    this.states = states;
    this.#memory = memory;
  }

  load(): void {
    this.#at = 0;
  }

  step(): void {
    this.#at++;
  }

  readState(state: State): void {
    state.set(this.states[Math.min(this.#at, this.states.length - 1)]!);
  }

  letTimerRunOut(): void {}

  adopt(): void {}

  memory(): Uint8Array {
    return this.#memory;
  }
}
