// ECALL, EBREAK, the returns, WFI and SFENCE.VMA (RISC-V Privileged 20241101, §3.3, §12.2.1).
import { sbiCall } from '../sbi/sbi.ts';
import { flushPage, flushSpaces, flushTranslations } from './address-spaces.ts';
import { dropReservation } from './atomic.ts';
import { addressOf, parkAt } from './fetch.ts';
import { CAUSE_BREAKPOINT, CAUSE_ECALL_U } from './physical.ts';
import { EXIT_REASON, MEPC, MIE, MODE, MSTATUS, PC, SBI_MODE, SEPC, WAITING, X } from './state.ts';
import {
  MSTATUS_MIE,
  MSTATUS_MPIE,
  MSTATUS_MPP,
  MSTATUS_MPRV,
  MSTATUS_SIE,
  MSTATUS_SPIE,
  MSTATUS_SPP,
  MSTATUS_TSR,
  MSTATUS_TVM,
  MSTATUS_TW,
} from './status-bits.ts';
import { illegalAt, pendingInterrupts, raiseAt, resumeAt, setMode } from './traps.ts';

/** An environment call; S-mode calls are answered by the machine itself when it is the SBI implementation. */
export function environmentCall(ip: usize): usize {
  const mode = load<u32>(MODE);
  if (mode != 1 || !load<u32>(SBI_MODE)) return raiseAt(ip, CAUSE_ECALL_U + <u64>mode, 0);
  const next = addressOf(ip) + 4;
  store<u64>(PC, next);
  sbiCall();
  return load<u32>(EXIT_REASON) || load<u32>(WAITING) ? parkAt(load<u64>(PC)) : resumeAt(load<u64>(PC));
}

export function environmentBreak(ip: usize): usize {
  return raiseAt(ip, CAUSE_BREAKPOINT, addressOf(ip));
}

/** SRET. */
export function supervisorReturn(ip: usize): usize {
  const mode = load<u32>(MODE);
  const status = load<u64>(MSTATUS);
  if (mode == 0 || (mode == 1 && (status & MSTATUS_TSR) != 0)) return illegalAt(ip);
  const enabled: u64 = status & MSTATUS_SPIE ? MSTATUS_SIE : 0;
  const cleared = MSTATUS_SIE | MSTATUS_SPP | MSTATUS_MPRV;
  store<u64>(MSTATUS, (status & ~cleared) | enabled | MSTATUS_SPIE);
  return returnTo(status & MSTATUS_SPP ? 1 : 0, load<u64>(SEPC));
}

/** MRET. */
export function machineReturn(ip: usize): usize {
  if (load<u32>(MODE) != 3) return illegalAt(ip);
  const status = load<u64>(MSTATUS);
  const mode = <u32>((status & MSTATUS_MPP) >> 11);
  const enabled: u64 = status & MSTATUS_MPIE ? MSTATUS_MIE : 0;
  const cleared = MSTATUS_MIE | MSTATUS_MPP | (mode == 3 ? 0 : MSTATUS_MPRV);
  store<u64>(MSTATUS, (status & ~cleared) | enabled | MSTATUS_MPIE);
  return returnTo(mode, load<u64>(MEPC));
}

function returnTo(mode: u32, pc: u64): usize {
  dropReservation();
  setMode(mode);
  return resumeAt(pc);
}

/** WFI: goes on at once when something is pending, else parks the hart behind the instruction. */
export function waitForInterrupt(ip: usize): usize {
  const mode = load<u32>(MODE);
  if (mode == 0 || (mode == 1 && (load<u64>(MSTATUS) & MSTATUS_TW) != 0)) return illegalAt(ip);
  if (pendingInterrupts() & load<u64>(MIE)) return resumeAt(addressOf(ip) + 4);
  store<u32>(WAITING, 1);
  return parkAt(addressOf(ip) + 4);
}

/** SFENCE.VMA: for the page of an address or for all, in the address spaces with an ASID or in all. */
export function fenceAddressTranslation(ip: usize): usize {
  const mode = load<u32>(MODE);
  if (mode == 0 || (mode == 1 && (load<u64>(MSTATUS) & MSTATUS_TVM) != 0)) return illegalAt(ip);
  const word = load<u32>(ip, 4);
  const address = (word >>> 15) & 31;
  const space = (word >>> 20) & 31;
  const asid = space ? <i32>(load<u32>(X + ((<usize>space) << 3)) & 0xffff) : -1;
  if (address) flushPage(load<u64>(X + ((<usize>address) << 3)), asid);
  else if (space) flushSpaces(<u32>asid);
  else flushTranslations();
  return ip + 16;
}
