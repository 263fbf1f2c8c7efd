// Traps: exceptions, interrupts, delegation (RISC-V Privileged 20241101, §3.1.6 to §3.1.9, §3.3, §12.1).
import { dropReservation } from './atomic.ts';
import { addressOf, instructionAt, jumpSlow } from './fetch.ts';
import { CAUSE_ILLEGAL } from './physical.ts';
import {
  INTERRUPT_LINES,
  MCAUSE,
  MEDELEG,
  MENVCFG,
  MEPC,
  MIDELEG,
  MIE,
  MIP,
  MODE,
  MSTATUS,
  MTVAL,
  MTVEC,
  RETIRED,
  SCAUSE,
  SEPC,
  STEP_CAUSE,
  STEP_TRAPPED,
  STEP_TVAL,
  STIMECMP,
  STVAL,
  STVEC,
  TIMER_LINE,
  TRAP_CAUSE,
  TRAP_VALUE,
} from './state.ts';
import {
  ENVCFG_STCE,
  MIP_STIP,
  MSTATUS_MIE,
  MSTATUS_MPIE,
  MSTATUS_MPP,
  MSTATUS_SIE,
  MSTATUS_SPIE,
  MSTATUS_SPP,
} from './status-bits.ts';
import { readTime } from './time.ts';
import { contextChanged } from './tlb.ts';

export const INTERRUPT: u64 = 1 << 63;

/** Leaves an exception behind for whoever runs the instruction; always false. */
export function fail(cause: u64, value: u64): bool {
  store<u64>(TRAP_CAUSE, cause);
  store<u64>(TRAP_VALUE, value);
  return false;
}

/** Takes the exception that a slow path left behind, at the instruction of slot `ip`; the next slot. */
export function trapAt(ip: usize): usize {
  return raiseAt(ip, load<u64>(TRAP_CAUSE), load<u64>(TRAP_VALUE));
}

/** Takes an illegal-instruction exception at slot `ip`; the next slot. */
export function illegalAt(ip: usize): usize {
  return raiseAt(ip, CAUSE_ILLEGAL, <u64>instructionAt(addressOf(ip)));
}

/** Takes an exception at the instruction of slot `ip`, which then does not retire; the next slot. */
export function raiseAt(ip: usize, cause: u64, value: u64): usize {
  store<u64>(RETIRED, load<u64>(RETIRED) - 1);
  return jumpSlow(enterTrap(addressOf(ip), cause, value));
}

export function setMode(mode: u32): void {
  store<u32>(MODE, mode);
  contextChanged();
}

/** Saves what a trap saves and changes the mode; the address of its handler. */
export function enterTrap(pc: u64, cause: u64, value: u64): u64 {
  const mode = load<u32>(MODE);
  const isInterrupt = (cause & INTERRUPT) != 0;
  const delegated = load<u64>(isInterrupt ? MIDELEG : MEDELEG) >> (cause & 63);
  const status = load<u64>(MSTATUS);
  store<u32>(STEP_TRAPPED, 1);
  store<u64>(STEP_CAUSE, cause);
  store<u64>(STEP_TVAL, value);
  dropReservation();
  let vector: u64;
  if (mode != 3 && (delegated & 1) != 0) {
    store<u64>(SCAUSE, cause);
    store<u64>(SEPC, pc);
    store<u64>(STVAL, value);
    const enabled: u64 = status & MSTATUS_SIE ? MSTATUS_SPIE : 0;
    const previous: u64 = mode ? MSTATUS_SPP : 0;
    store<u64>(MSTATUS, (status & ~(MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP)) | enabled | previous);
    vector = load<u64>(STVEC);
    setMode(1);
  } else {
    store<u64>(MCAUSE, cause);
    store<u64>(MEPC, pc);
    store<u64>(MTVAL, value);
    const enabled: u64 = status & MSTATUS_MIE ? MSTATUS_MPIE : 0;
    store<u64>(
      MSTATUS,
      (status & ~(MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP)) | enabled | ((<u64>mode) << 11),
    );
    vector = load<u64>(MTVEC);
    setMode(3);
  }
  const base = vector & ~3;
  return isInterrupt && (vector & 1) != 0 ? base + ((cause & 63) << 2) : base;
}

/** Compares time with stimecmp. Asking for the time is slow: the hart does so between slices and where a guest may tell. */
export function pollTimer(): void {
  pollTimerAt(load<u64>(STIMECMP) == u64.MAX_VALUE ? 0 : readTime());
}

export function pollTimerAt(now: u64): void {
  store<u64>(TIMER_LINE, now >= load<u64>(STIMECMP) ? MIP_STIP : 0);
}

/** Sets stimecmp. */
export function setTimerDeadline(deadline: u64): void {
  store<u64>(STIMECMP, deadline);
  pollTimer();
}

/** mip as the guest reads it. */
export function pendingInterrupts(): u64 {
  pollTimer();
  return knownInterrupts();
}

/** mip but for what has become of time since the last look at it (Sstc: STIP follows eventually). */
function knownInterrupts(): u64 {
  const pending = load<u64>(MIP) | load<u64>(INTERRUPT_LINES);
  return load<u64>(MENVCFG) & ENVCFG_STCE ? (pending & ~MIP_STIP) | load<u64>(TIMER_LINE) : pending;
}

/** Number of the interrupt to be taken now, or -1. */
export function interruptToTake(): i32 {
  const enabled = load<u64>(MIE);
  if (!enabled) return -1;
  const pending = knownInterrupts() & enabled;
  if (!pending) return -1;
  const mode = load<u32>(MODE);
  const status = load<u64>(MSTATUS);
  const delegated = load<u64>(MIDELEG);
  let ready: u64 = 0;
  if (mode < 3 || (status & MSTATUS_MIE) != 0) ready = pending & ~delegated;
  if (!ready && (mode < 1 || (mode == 1 && (status & MSTATUS_SIE) != 0))) ready = pending & delegated;
  if (!ready) return -1;
  if (ready & 0x800) return 11;
  if (ready & 8) return 3;
  if (ready & 0x80) return 7;
  if (ready & 0x200) return 9;
  if (ready & 2) return 1;
  return <i32>ctz(ready);
}

/** The slot to go on at after an instruction that may have let an interrupt through; `pc` is its successor. */
export function resumeAt(pc: u64): usize {
  const interrupt = interruptToTake();
  return jumpSlow(interrupt < 0 ? pc : enterTrap(pc, INTERRUPT | <u64>interrupt, 0));
}
