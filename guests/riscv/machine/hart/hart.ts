// The RV64GC hart as the rest of the machine uses it. Also for others: `ramPointer`, `ramWritten`, `isRam`
// (physical.ts), `readTime` (time.ts), `hartStep` (step.ts), `readCsr`, `writeCsr` (csr.ts), the addresses in state.ts.
import { beginStretch, endStretch } from '../../translator/heat.ts';
import { RAM_BASE } from '../memory/layout.ts';
import { clearTranslations } from './address-spaces.ts';
import { dropReservation } from './atomic.ts';
import { addressOf, jumpSlow } from './fetch.ts';
import { interpret } from './interpreter.generated.ts';
import { ramPointer, ramWritten } from './physical.ts';
import { pmpChanged } from './pmp.ts';
import { adaptSlices, sliceLength } from './slices.ts';
import {
  COUNTER,
  EXIT_CODE,
  EXIT_REASON,
  FFLAGS,
  FRM,
  FS,
  INTERRUPT_LINES,
  MCOUNTEREN,
  MEDELEG,
  MENVCFG,
  MIDELEG,
  MIE,
  MIP,
  MODE,
  MSTATUS,
  PC,
  PMPADDR,
  PMPCFG,
  RETIRED,
  SBI_MODE,
  SCOUNTEREN,
  SLICE,
  STIMECMP,
  TRANSLATING,
  WAITING,
  X,
} from './state.ts';
import { ENVCFG_STCE, MIP_SSIP, MIP_STIP } from './status-bits.ts';
import { hartStep } from './step.ts';
import { beginSlice, stopSlice } from './stop.ts';
import { readTime } from './time.ts';
import {
  enterTrap,
  INTERRUPT,
  interruptToTake,
  pendingInterrupts,
  pollTimerAt,
  setTimerDeadline,
} from './traps.ts';

/** What hartSlice says instead of a number of instructions. */
export const HART_WAITING: i32 = -1;
export const HART_EXIT: i32 = -2;

/** What firmware would have delegated to S mode: all but calls from S and M. */
const SBI_MEDELEG: u64 = 0xb1ff;
const SBI_MIDELEG: u64 = 0x222;

/** Power-on state, with a0 and a1 set; in S mode (`mode` 1) also what firmware would have prepared. */
export function hartReset(pc: u64, a0: u64, a1: u64, mode: u32): void {
  memory.fill(X, 0, 0x200);
  for (let at = MSTATUS; at < PMPADDR + 128; at += 8) store<u64>(at, 0);
  store<u32>(FS, 0);
  store<u32>(FFLAGS, 0);
  store<u32>(FRM, 0);
  setTimerDeadline(u64.MAX_VALUE);
  store<u64>(PMPADDR, ((<u64>1) << 54) - 1);
  store<u8>(PMPCFG, 0x1f);
  pmpChanged();
  writeRegister(10, a0);
  writeRegister(11, a1);
  store<u64>(PC, pc);
  store<u32>(MODE, mode);
  store<u32>(WAITING, 0);
  store<u32>(EXIT_REASON, 0);
  store<i32>(COUNTER, -1);
  store<i32>(SLICE, 0);
  if (mode == 1 && load<u32>(SBI_MODE)) {
    store<u64>(MEDELEG, SBI_MEDELEG);
    store<u64>(MIDELEG, SBI_MIDELEG);
    store<u64>(MCOUNTEREN, 7);
    // Kernels leave scounteren alone, and their vDSO reads the time in U mode.
    store<u64>(SCOUNTEREN, 7);
    store<u64>(MENVCFG, ENVCFG_STCE);
  }
  dropReservation();
  clearTranslations();
}

/** Whether the hart still waits for an interrupt (WFI): any that is pending and enabled by mie ends that. */
export function hartWaits(): bool {
  if (load<u32>(WAITING) && pendingInterrupts() & load<u64>(MIE)) store<u32>(WAITING, 0);
  return load<u32>(WAITING) != 0;
}

/**
 * Runs a slice, of about `most` instructions if that is less; fewer when something wants to be looked at, the hart waits or
 * an exit was requested. Returns how many, 1 at least, traps included; or HART_WAITING where nothing runs; or HART_EXIT.
 */
export function hartSlice(most: i32): i32 {
  if (load<u32>(EXIT_REASON)) return HART_EXIT;
  if (hartWaits()) return HART_WAITING;
  const began = readTime();
  pollTimerAt(began);
  takeInterrupt();
  const used = runSlice(min(most, sliceLength()));
  adaptSlices(used, readTime() - began);
  return load<u32>(EXIT_REASON) ? HART_EXIT : max(used, 1);
}

/** Takes the interrupt that is due, if any, by what is known of the time. */
export function takeInterrupt(): void {
  const interrupt = interruptToTake();
  if (interrupt >= 0) store<u64>(PC, enterTrap(load<u64>(PC), INTERRUPT | <u64>interrupt, 0));
}

function runSlice(slice: i32): i32 {
  store<i32>(SLICE, slice);
  beginSlice();
  const slot = jumpSlow(load<u64>(PC));
  beginStretch(addressOf(slot), slot, slice);
  const rest = interpret(slot, slice);
  store<u64>(RETIRED, load<u64>(RETIRED) + <u64>(<i64>(slice - rest)));
  store<i32>(SLICE, 0);
  store<i32>(COUNTER, -1);
  if (load<u32>(TRANSLATING)) endStretch(rest);
  return slice - rest;
}

export function readRegister(i: u32): u64 {
  return load<u64>(X + ((<usize>(i & 31)) << 3));
}

export function writeRegister(i: u32, value: u64): void {
  if (i & 31) store<u64>(X + ((<usize>(i & 31)) << 3), value);
}

/** Drives a bit of mip. SSIP and STIP are the guest's to clear as well; the others are lines. */
export function setInterruptPending(bit: u32, on: bool): void {
  const mask: u64 = (<u64>1) << (<u64>bit);
  const at = mask & (MIP_SSIP | MIP_STIP) ? MIP : INTERRUPT_LINES;
  store<u64>(at, on ? load<u64>(at) | mask : load<u64>(at) & ~mask);
  if (on && (load<u64>(MIE) & mask) != 0) stopSlice();
}

/** Makes hartSlice return HART_EXIT soon; what it means is the requester's business. */
export function requestExit(reason: u32, code: u32): void {
  store<u32>(EXIT_REASON, reason);
  store<u32>(EXIT_CODE, code);
  stopSlice();
}

export function instructionsRetired(): u64 {
  return load<u64>(RETIRED) + <u64>(<i64>(load<i32>(SLICE) - load<i32>(COUNTER) - 1));
}

/** Reference time (ticks) at which Sstc's timer interrupt becomes pending, all ones when it cannot. */
export function nextTimerDeadline(): u64 {
  const isOn = (load<u64>(MENVCFG) & ENVCFG_STCE) != 0 && (load<u64>(MIE) & MIP_STIP) != 0;
  return isOn ? load<u64>(STIMECMP) : u64.MAX_VALUE;
}

/** Host address of guest RAM's first byte. */
export function ramBase(): usize {
  return RAM_BASE;
}

export { hartStep, ramPointer, ramWritten };
