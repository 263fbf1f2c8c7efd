// Time in the comparison with QEMU: it passes there and stands still in the machine under test, which is told when QEMU's
// records show that a timer has run out. Everything else about a timer's interrupt, whether and where it is taken and what
// it leaves behind, is compared. What reads of the time CSR give is taken over (legal-differences.ts).
import { trapOf } from './coverage.ts';
import type { Machine } from './machine.ts';
import { fieldIndex, fieldValue, newState, pcOf, type State } from './state.ts';

const MIP = fieldIndex('mip');
const EPC = { M: fieldIndex('mepc'), S: fieldIndex('sepc') };
const timerLines = [
  ['machine', 0x80n],
  ['supervisor', 0x20n],
] as const;
const TIMER_TRAP = /^([MS]):i([57])$/;

/** A record of an instruction that was not executed, since a timer ran out: it comes again, or its successor is a trap. */
function isRepetition(before: State, after: State): boolean {
  for (let word = 0; word < after.length; word++)
    if (before[word] !== after[word] && word >> 1 !== MIP) return false;
  return true;
}

/** Runs the machine from the oracle's record `before` to the next one; false when nothing was executed between them. */
export function advance(machine: Machine, before: State, after: State): boolean {
  const pc = pcOf(after);
  const trap = TIMER_TRAP.exec(trapOf(after, pc) ?? '');
  if (trap !== null) takeTimerInterrupt(machine, after, trap[1] as 'M' | 'S', trap[2] === '7');
  else if (isRepetition(before, after)) return false;
  else machine.step();
  return true;
}

/**
 * The interrupted instruction tells how far to go before: an instruction may have been executed, and where the next one could
 * not be fetched, QEMU has taken that fault, too, without a record of it (compare.ts).
 */
function takeTimerInterrupt(machine: Machine, after: State, level: 'M' | 'S', isMachineTimer: boolean): void {
  const ours = newState();
  const there = [Number(fieldValue(after, EPC[level])), pcOf(after)];
  machine.readState(ours);
  for (let steps = 0; steps < 2 && !there.includes(pcOf(ours)); steps++) {
    machine.step();
    machine.readState(ours);
  }
  machine.letTimerRunOut(isMachineTimer ? 'machine' : 'supervisor');
  machine.readState(ours);
  if (pcOf(ours) !== pcOf(after)) machine.step();
}

/** Has timers be due that the oracle's record shows to be pending, once the machine has come to there; whether any are. */
export function letTimersRunOut(machine: Machine, after: State): boolean {
  const pending = fieldValue(after, MIP);
  const due = timerLines.filter(([, bit]) => (pending & bit) !== 0n);
  for (const [timer] of due) machine.letTimerRunOut(timer);
  return due.length > 0;
}
