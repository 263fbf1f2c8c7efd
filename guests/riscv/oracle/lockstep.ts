// The translator beside single steps of the same machine, with interrupts that come from outside at random moments:
// after each stretch of random length both must be in the same state. No oracle but the interpreter, which QEMU has
// confirmed; in return interrupts may come while translated loops run.
import { differencesOf, type FieldDifference } from './compare.ts';
import { PROGRAM_START } from './generator/memory-layout.ts';
import type { Program } from './generator/program.ts';
import { Random } from './generator/random.ts';
import type { HartMachine } from './hart-machine.ts';
import type { Engine } from './machine.ts';
import { newState, pcOf, type State } from './state.ts';

export interface LockstepResult {
  instructions: number;
  interrupts: number;
  /** Where the two machines are no longer equal. */
  divergence?: { from: number; to: number; differences: FieldDifference[] };
}

/** An interrupt out of place may leave a program in an endless loop of its handlers, on both machines. */
const INSTRUCTION_LIMIT = 15_000;
const STEP_LIMIT = 10 * INSTRUCTION_LIMIT;
const TRAP_LIMIT = 100;
/** Lines of mip that devices drive: software, timer and external, of M and S mode. */
const LINES = [3, 7, 11, 9] as const;
const [MSTATUS, MIE] = [0x300, 0x304];
const MACHINE_INTERRUPTS = 8n;
/** Where units' numbers are counted, beside the hart's other state (hart/state.ts). */
export const UNITS_MADE = 0x102a4;

/**
 * Steps until as many instructions have retired and the states are equal; traps do not retire, so that several states may
 * come into question. What differs in the first of them, when none is equal.
 */
function stepTo(stepped: HartMachine, retired: number, state: State): FieldDifference[] {
  const seen = newState();
  let first: FieldDifference[] | undefined;
  for (let steps = 0; stepped.retired < retired && steps < STEP_LIMIT; steps++) stepped.step();
  for (let traps = 0; traps < TRAP_LIMIT; traps++) {
    stepped.readState(seen);
    const differences = differencesOf(seen, state);
    if (differences.length === 0) return [];
    first ??= differences;
    if (stepped.retired > retired) break;
    stepped.step();
  }
  return first ?? [];
}

/** Runs a program on `translated` by an engine, and on `stepped` an instruction at a time. */
export function runInLockstep(
  program: Program,
  translated: HartMachine,
  stepped: HartMachine,
  engine: Engine,
): LockstepResult {
  const random = new Random(program.seed ^ 0x5eedn);
  const ours = newState();
  for (const machine of [translated, stepped]) machine.load(program);
  translated.setEngine(engine);
  const [first, firstStepped] = [translated.retired, stepped.retired];
  let line: number | undefined;
  let interrupts = 0;
  const drive = (bit: number, on: number): void => {
    for (const { bare } of [translated, stepped]) {
      bare.exports.setInterruptPending(bit, on);
      if (!on) continue;
      bare.setCsr(MIE, bare.csr(MIE) | (1n << BigInt(bit)));
      // Not within the handlers, which would lose where they are to return to.
      if (Number(bare.pc & 0xffffn) >= (PROGRAM_START & 0xffff))
        bare.setCsr(MSTATUS, bare.csr(MSTATUS) | MACHINE_INTERRUPTS);
    }
  };
  try {
    for (let [from, stretches] = [program.entry, 0]; ; stretches++) {
      translated.run(1 + random.below(random.chance(0.8) ? 40 : 1500));
      translated.readState(ours);
      const to = pcOf(ours);
      const instructions = translated.retired - first;
      if (to === program.end || instructions > INSTRUCTION_LIMIT || stretches > INSTRUCTION_LIMIT)
        return { instructions, interrupts };
      const differences = stepTo(stepped, firstStepped + instructions, ours);
      if (differences.length > 0) return { instructions, interrupts, divergence: { from, to, differences } };
      from = to;
      if (line !== undefined) drive(line, 0);
      line = random.chance(0.2) ? random.pick(LINES) : undefined;
      if (line === undefined) continue;
      drive(line, 1);
      interrupts++;
    }
  } finally {
    if (line !== undefined) drive(line, 0);
    translated.setEngine('interpreter');
  }
}
