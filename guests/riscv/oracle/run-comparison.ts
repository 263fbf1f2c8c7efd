// Compares the machine with itself: many instructions at once, with decode caches and TLBs, against single steps,
// which QEMU has confirmed. Only code run in bulk can meet a stale cache.
import { type Engine, engines } from '../machine/testing/engines.ts';
import { differencesOf, type FieldDifference, nameAt } from './compare.ts';
import type { Program } from './generator/program.ts';
import { Random } from './generator/random.ts';
import type { RunningMachine } from './machine.ts';
import type { RunCoverage } from './run-coverage.ts';
import { hex, newState, pcOf, type State } from './state.ts';

/** Where bulk execution and single steps part. */
export interface RunDivergence {
  engine: Engine;
  seed: bigint;
  /** Addresses of the last equal state and of the first different one. */
  from: number;
  to: number;
  name: string;
  differences: FieldDifference[];
  memoryDiffers: boolean;
}

const STEP_LIMIT = 300_000;
const MAX_BUDGET = 3000;

/** The states of the stepped run by the number of instructions retired: several where traps were taken. */
type StatesByRetired = Map<number, State[]>;

/** The stepped run; undefined when the program does not come to its end. */
function recordSteps(
  program: Program,
  machine: RunningMachine,
): { states: StatesByRetired; memory: Uint8Array } | undefined {
  const states: StatesByRetired = new Map();
  const state = newState();
  machine.load(program);
  const first = machine.retired;
  for (let steps = 0; steps < STEP_LIMIT; steps++) {
    machine.readState(state);
    const retired = machine.retired - first;
    const known = states.get(retired);
    if (known === undefined) states.set(retired, [state.slice()]);
    else known.push(state.slice());
    if (pcOf(state) === program.end) return { states, memory: machine.memory() };
    machine.step();
  }
  return undefined;
}

/** Runs a program in pieces of random length and compares each stop; undefined when all is equal. */
export function compareRun(
  program: Program,
  machine: RunningMachine,
  coverage: RunCoverage,
): RunDivergence | undefined {
  machine.setEngine('interpreter');
  const steps = recordSteps(program, machine);
  if (steps === undefined) return undefined;
  for (const engine of engines) {
    const divergence = coverage.measure(machine, engine, () =>
      compareEngine(program, machine, { ...steps, engine }),
    );
    if (divergence !== undefined) return { ...divergence, engine };
  }
  return undefined;
}

function compareEngine(
  program: Program,
  machine: RunningMachine,
  { states, memory, engine }: NonNullable<ReturnType<typeof recordSteps>> & { engine: Engine },
): Omit<RunDivergence, 'engine'> | undefined {
  const random = new Random(program.seed);
  const state = newState();
  machine.load(program);
  const first = machine.retired;
  for (let from = program.entry, runs = 0; runs < STEP_LIMIT; runs++) {
    // Where a stretch ends, the translator begins a unit.
    const isShort = random.chance(engine === 'interpreter' ? 0.5 : 0.8);
    machine.run(1 + random.below(isShort ? 30 : MAX_BUDGET));
    machine.readState(state);
    const pc = pcOf(state);
    if (pc === program.end)
      return compareEnd(program, { from, state, states, memoryDiffers: !isSame(memory, machine.memory()) });
    const known = (states.get(machine.retired - first) ?? []).filter((other) => pcOf(other) === pc);
    const differences = known.map((other) => differencesOf(other, state));
    if (!differences.some(({ length }) => length === 0))
      return {
        seed: program.seed,
        from,
        to: pc,
        name: nameAt(program, pc),
        differences: differences[0] ?? [],
        memoryDiffers: false,
      };
    from = pc;
  }
  throw new Error(`seed ${program.seed}: the program does not end when it is run in bulk`);
}

const isSame = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

interface End {
  from: number;
  state: State;
  states: StatesByRetired;
  memoryDiffers: boolean;
}

/** At the end the program spins, so that only the state counts, not how many instructions it took. */
function compareEnd(
  program: Program,
  { from, state, states, memoryDiffers }: End,
): Omit<RunDivergence, 'engine'> | undefined {
  const last = [...states.values()].at(-1)!.at(-1)!;
  const differences = differencesOf(last, state);
  if (differences.length === 0 && !memoryDiffers) return undefined;
  return { seed: program.seed, from, to: program.end, name: 'end', differences, memoryDiffers };
}

/** A divergence between bulk execution and single steps for people. */
export function describeRunDivergence(divergence: RunDivergence): string {
  const { seed, engine, from, to, name, differences, memoryDiffers } = divergence;
  const lines = [
    `seed ${seed}, ${engine}: run in bulk between ${from.toString(16)} and ${to.toString(16)} (${name})`,
  ];
  for (const { field, oracle, machine } of differences)
    lines.push(`  ${field.padEnd(9)} stepped ${hex(oracle)}  in bulk ${hex(machine)}`);
  if (differences.length === 0)
    lines.push(memoryDiffers ? '  memory differs' : '  no stepped state has this pc');
  return lines.join('\n');
}
