// The translator beside single steps of the same machine, with interrupts that come from outside at random moments and
// timers that run out: after each stretch of random length both must be in the same state. No oracle but the interpreter,
// which QEMU has confirmed; in return interrupts may come while translated loops run.
import type { Engine } from '../machine/testing/engines.ts';
import { differencesOf, type FieldDifference, nameAt } from './compare.ts';
import { CODE_BASE, PROGRAM_START } from './generator/memory-layout.ts';
import type { Program } from './generator/program.ts';
import { Random } from './generator/random.ts';
import type { HartMachine } from './hart-machine.ts';
import type { RunCoverage } from './run-coverage.ts';
import { hex, newState, pcOf, type State } from './state.ts';

/** Where the two machines are no longer equal. */
export interface LockstepDivergence {
  engine: Engine;
  seed: bigint;
  from: number;
  to: number;
  name: string;
  differences: FieldDifference[];
}

export interface LockstepOptions {
  engine: Engine;
  /** Most instructions between two comparisons, most of the time and now and then. */
  stretch?: readonly [usual: number, rare: number];
  /** After how many instructions a program is given up. */
  limit?: number;
}

/** An interrupt out of place may leave a program in an endless loop of its handlers, on both machines. */
const INSTRUCTION_LIMIT = 60_000;
/** A stretch that does not come to its end is not waited for. */
const STEP_LIMIT = 10 * INSTRUCTION_LIMIT;
const TRAP_LIMIT = 100;
/** Lines of mip that devices drive: software, timer and external, of M and S mode. */
const LINES = [3, 7, 11, 9] as const;
const [MSTATUS, MIE] = [0x300, 0x304];
const MACHINE_INTERRUPTS = 8n;
const MOST_TICKS = 60;
/**
 * Between reading the time and setting the CLINT's timer (timer-groups.ts) no time passes and no interrupt comes: that of
 * a deadline which is past when it is stored comes at once in single steps, but some instructions later otherwise.
 */
const TIMER_SEQUENCE = ['addi deadline', 'lui clint', 'sd mtimecmp'];

/**
 * Steps until as many instructions have retired and the states are equal; traps do not retire, so that several states may
 * come into question. What differs in the most similar of them, when none is equal.
 */
function stepTo(stepped: HartMachine, retired: number, state: State): FieldDifference[] {
  const seen = newState();
  let least: FieldDifference[] | undefined;
  for (let steps = 0; stepped.retired < retired && steps < STEP_LIMIT; steps++) stepped.step();
  for (let traps = 0; traps < TRAP_LIMIT; traps++) {
    stepped.readState(seen);
    const differences = differencesOf(seen, state);
    if (differences.length === 0) return [];
    if (least === undefined || differences.length < least.length) least = differences;
    if (stepped.retired > retired) break;
    stepped.step();
  }
  return least ?? [];
}

/** At its end a program spins, so that the state counts, not how many instructions it took; and memory. */
function compareEnds(program: Program, translated: HartMachine, stepped: HartMachine): FieldDifference[] {
  const [ours, theirs] = [newState(), newState()];
  for (let steps = 0; Number(stepped.bare.pc) !== program.end && steps < STEP_LIMIT; steps++) stepped.step();
  translated.readState(ours);
  stepped.readState(theirs);
  const differences = differencesOf(theirs, ours);
  const [expected, found] = [stepped.memory(), translated.memory()];
  const at = expected.findIndex((byte, index) => byte !== found[index]);
  if (at >= 0)
    differences.push({
      field: `memory at ${(CODE_BASE + at).toString(16)}`,
      oracle: BigInt(expected[at]!),
      machine: BigInt(found[at]!),
    });
  return differences;
}

/** What comes from outside, to both machines at the same moment. */
class Outside {
  readonly #machines: readonly HartMachine[];
  readonly #random: Random;
  #line: number | undefined;
  interrupts = 0;

  constructor(machines: readonly HartMachine[], random: Random) {
    this.#machines = machines;
    this.#random = random;
  }

  /** Lowers the line that is up, raises another now and then, and lets time pass. */
  act(): void {
    this.lower();
    if (this.#random.chance(0.5)) {
      const ticks = BigInt(this.#random.below(MOST_TICKS));
      for (const machine of this.#machines) machine.setTime(machine.bare.time + ticks);
    }
    if (this.#random.chance(0.8)) return;
    this.#line = this.#random.pick(LINES);
    this.interrupts++;
    for (const { bare } of this.#machines) {
      bare.exports.setInterruptPending(this.#line, 1);
      bare.setCsr(MIE, bare.csr(MIE) | (1n << BigInt(this.#line)));
      // Not within the handlers, which would lose where they are to return to.
      if (Number(bare.pc & 0xffffn) >= (PROGRAM_START & 0xffff))
        bare.setCsr(MSTATUS, bare.csr(MSTATUS) | MACHINE_INTERRUPTS);
    }
  }

  lower(): void {
    if (this.#line === undefined) return;
    for (const { bare } of this.#machines) bare.exports.setInterruptPending(this.#line, 0);
    this.#line = undefined;
  }
}

/** Before a program begins, traps have no handlers. */
const isStartUp = ({ entry, start }: Program, pc: number): boolean =>
  pc === entry || (pc >= PROGRAM_START && pc < start);

/** Runs a program on `translated` by an engine, and on `stepped` an instruction at a time. */
export function runInLockstep(
  program: Program,
  translated: HartMachine,
  stepped: HartMachine,
  { engine, stretch: [usual, rare] = [40, 1500], limit = INSTRUCTION_LIMIT }: LockstepOptions,
): { interrupts: number; divergence?: LockstepDivergence } {
  const { seed } = program;
  const random = new Random(seed ^ 0x5eedn);
  const outside = new Outside([translated, stepped], random);
  const ours = newState();
  for (const machine of [translated, stepped]) machine.load(program);
  const [first, firstStepped] = [translated.retired, stepped.retired];
  for (let [from, stretches] = [program.entry, 0]; ; stretches++) {
    translated.run(1 + random.below(random.chance(0.8) ? usual : rare));
    translated.readState(ours);
    const to = pcOf(ours);
    const instructions = translated.retired - first;
    const isEnd = to === program.end;
    const isOver = isEnd || instructions > limit || stretches > limit / 6;
    const differences = isEnd
      ? compareEnds(program, translated, stepped)
      : stepTo(stepped, firstStepped + instructions, ours);
    if (isOver || differences.length > 0) {
      outside.lower();
      const { interrupts } = outside;
      if (differences.length === 0) return { interrupts };
      return { interrupts, divergence: { engine, seed, from, to, name: nameAt(program, to), differences } };
    }
    from = to;
    if (!isStartUp(program, to) && !TIMER_SEQUENCE.includes(nameAt(program, to))) outside.act();
  }
}

/** Runs a program in lock-step on both translators; undefined when all is equal. */
export function compareInLockstep(
  program: Program,
  translated: HartMachine,
  stepped: HartMachine,
  coverage: RunCoverage,
): LockstepDivergence | undefined {
  for (const engine of ['translator', 'evicting'] as const) {
    const { interrupts, divergence } = coverage.measure(translated, engine, () =>
      runInLockstep(program, translated, stepped, { engine }),
    );
    coverage.of(engine).interrupts += interrupts;
    if (divergence !== undefined) return divergence;
  }
  return undefined;
}

/** A divergence in lock-step for people. */
export function describeLockstepDivergence(divergence: LockstepDivergence): string {
  const { seed, engine, from, to, name, differences } = divergence;
  const places = `between ${from.toString(16)} and ${to.toString(16)} (${name})`;
  const lines = differences.map(
    ({ field, oracle, machine }) => `  ${field.padEnd(9)} stepped ${hex(oracle)}  in bulk ${hex(machine)}`,
  );
  return [`seed ${seed}, ${engine}: in lock-step ${places}`, ...lines].join('\n');
}
