// The control and status registers' values: reading, and writing by their WARL rules (RISC-V Privileged 20241101,
// chapters 2, 3, 12; Sstc). Whether an access is allowed is csr-access.ts's business.

import { enterSpace, flushTranslations } from './address-spaces.ts';
import { inhibitCounters, readCounter, writeCounter } from './counters.ts';
import { isPmpAddressLocked, pmpChanged } from './pmp.ts';
import {
  FFLAGS,
  FRM,
  FS,
  MCAUSE,
  MCOUNTEREN,
  MCOUNTINHIBIT,
  MEDELEG,
  MENVCFG,
  MEPC,
  MHARTID,
  MIDELEG,
  MIE,
  MIP,
  MSCRATCH,
  MSTATUS,
  MTVAL,
  MTVEC,
  PMPADDR,
  PMPCFG,
  SATP,
  SCAUSE,
  SCOUNTEREN,
  SENVCFG,
  SEPC,
  SSCRATCH,
  STIMECMP,
  STVAL,
  STVEC,
} from './state.ts';
import {
  ENVCFG_STCE,
  MIP_SEIP,
  MIP_SSIP,
  MIP_STIP,
  MSTATUS_MIE,
  MSTATUS_MPIE,
  MSTATUS_MPP,
  MSTATUS_MPRV,
  MSTATUS_MXR,
  MSTATUS_SIE,
  MSTATUS_SPIE,
  MSTATUS_SPP,
  MSTATUS_SUM,
  MSTATUS_TSR,
  MSTATUS_TVM,
  MSTATUS_TW,
} from './status-bits.ts';
import { readTime } from './time.ts';
import { contextChanged } from './tlb.ts';
import { pendingInterrupts, setTimerDeadline } from './traps.ts';

/** RV64 with A, C, D, F, I, M, S, U. */
export const MISA: u64 = ((<u64>2) << 62) | 0x14112d;

export const SSTATUS_WRITABLE: u64 = MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SUM | MSTATUS_MXR;
const MSTATUS_WRITABLE: u64 =
  SSTATUS_WRITABLE |
  MSTATUS_MIE |
  MSTATUS_MPIE |
  MSTATUS_MPP |
  MSTATUS_MPRV |
  MSTATUS_TVM |
  MSTATUS_TW |
  MSTATUS_TSR;
export const UXL: u64 = 2 << 32;
const SXL: u64 = 2 << 34;
const FS_FIELD: u64 = 3 << 13;
const SUPERVISOR_INTERRUPTS: u64 = 0x222;
const ALL_INTERRUPTS: u64 = 0xaaa;
/** Exceptions 0 to 15 without 10, 11 and 14. */
const DELEGABLE: u64 = 0xb3ff;
const FIOM: u64 = 1;
const PMP_ADDRESS_BITS: u64 = ((<u64>1) << 54) - 1;

function readStatus(writable: u64): u64 {
  const fs = <u64>load<u32>(FS);
  const dirty: u64 = fs == 3 ? 1 << 63 : 0;
  return (load<u64>(MSTATUS) & writable) | (fs << 13) | dirty | UXL;
}

function writeStatus(value: u64, writable: u64): void {
  const before = load<u64>(MSTATUS);
  let next = (before & ~writable) | (value & writable);
  if ((next & MSTATUS_MPP) >> 11 == 2) next = (next & ~MSTATUS_MPP) | (before & MSTATUS_MPP);
  store<u64>(MSTATUS, next);
  store<u32>(FS, <u32>((value & FS_FIELD) >> 13));
  if ((before ^ next) & MSTATUS_MXR) flushTranslations();
  contextChanged();
}

/** The value of an existing CSR. */
export function readCsr(number: u32): u64 {
  switch (number) {
    case 0x001:
      return load<u32>(FFLAGS);
    case 0x002:
      return load<u32>(FRM);
    case 0x003:
      return load<u32>(FFLAGS) | (load<u32>(FRM) << 5);
    case 0xc00:
    case 0xb00:
      return readCounter(1);
    case 0xc01:
      return readTime();
    case 0xc02:
    case 0xb02:
      return readCounter(4);
    case 0x100:
      return readStatus(SSTATUS_WRITABLE);
    case 0x104:
      return load<u64>(MIE) & load<u64>(MIDELEG);
    case 0x144:
      return pendingInterrupts() & load<u64>(MIDELEG);
    case 0x300:
      return readStatus(MSTATUS_WRITABLE) | SXL;
    case 0x301:
      return MISA;
    case 0x344:
      return pendingInterrupts();
    default:
      return readPlain(number);
  }
}

/** Registers that are a word of state each; everything else that exists reads zero. */
function readPlain(number: u32): u64 {
  if (number >= 0x3b0 && number < 0x3c0) return load<u64>(PMPADDR + ((<usize>(number - 0x3b0)) << 3));
  const at = plainRegister(number);
  return at ? load<u64>(at) : 0;
}

function plainRegister(number: u32): usize {
  switch (number) {
    case 0x105:
      return STVEC;
    case 0x106:
      return SCOUNTEREN;
    case 0x10a:
      return SENVCFG;
    case 0x140:
      return SSCRATCH;
    case 0x141:
      return SEPC;
    case 0x142:
      return SCAUSE;
    case 0x143:
      return STVAL;
    case 0x14d:
      return STIMECMP;
    case 0x180:
      return SATP;
    case 0x302:
      return MEDELEG;
    case 0x303:
      return MIDELEG;
    case 0x304:
      return MIE;
    case 0x305:
      return MTVEC;
    case 0x306:
      return MCOUNTEREN;
    case 0x30a:
      return MENVCFG;
    case 0x320:
      return MCOUNTINHIBIT;
    case 0x340:
      return MSCRATCH;
    case 0x341:
      return MEPC;
    case 0x342:
      return MCAUSE;
    case 0x343:
      return MTVAL;
    case 0x3a0:
      return PMPCFG;
    case 0x3a2:
      return PMPCFG + 8;
    case 0xf14:
      return MHARTID;
    default:
      return 0;
  }
}

/** Writes an existing, writable CSR; unsupported bits are dropped. */
export function writeCsr(number: u32, value: u64): void {
  if (number >= 0x3b0 && number < 0x3c0) {
    writePmpAddress(number - 0x3b0, value);
    return;
  }
  switch (number) {
    case 0x001:
      store<u32>(FFLAGS, <u32>value & 31);
      store<u32>(FS, 3);
      return;
    case 0x002:
      store<u32>(FRM, <u32>value & 7);
      store<u32>(FS, 3);
      return;
    case 0x003:
      store<u32>(FFLAGS, <u32>value & 31);
      store<u32>(FRM, (<u32>value >>> 5) & 7);
      store<u32>(FS, 3);
      return;
    case 0x100:
      writeStatus(value, SSTATUS_WRITABLE);
      return;
    case 0x300:
      writeStatus(value, MSTATUS_WRITABLE);
      return;
    case 0xb00:
      writeCounter(1, value);
      return;
    case 0xb02:
      writeCounter(4, value);
      return;
    case 0x320:
      inhibitCounters(value);
      return;
    case 0x180:
      writeSatp(value);
      return;
    case 0x3a0:
      writePmpConfig(0, value);
      return;
    case 0x3a2:
      writePmpConfig(8, value);
      return;
    default:
      writeMasked(number, value);
  }
}

/** Registers whose writable bits are a mask. */
function writeMasked(number: u32, value: u64): void {
  switch (number) {
    case 0x104:
      replaceBits(MIE, value, load<u64>(MIDELEG) & SUPERVISOR_INTERRUPTS);
      return;
    case 0x144:
      replaceBits(MIP, value, load<u64>(MIDELEG) & MIP_SSIP);
      return;
    case 0x304:
      replaceBits(MIE, value, ALL_INTERRUPTS);
      return;
    case 0x344:
      replaceBits(MIP, value, MIP_SSIP | MIP_SEIP | (load<u64>(MENVCFG) & ENVCFG_STCE ? 0 : MIP_STIP));
      return;
    case 0x302:
      replaceBits(MEDELEG, value, DELEGABLE);
      return;
    case 0x303:
      replaceBits(MIDELEG, value, SUPERVISOR_INTERRUPTS);
      return;
    case 0x105:
    case 0x305:
      if ((value & 3) < 2) store<u64>(plainRegister(number), value);
      return;
    case 0x141:
    case 0x341:
      store<u64>(plainRegister(number), value & ~1);
      return;
    case 0x106:
    case 0x306:
      store<u64>(plainRegister(number), value & 0xffffffff);
      return;
    case 0x14d:
      setTimerDeadline(value);
      return;
    case 0x10a:
      store<u64>(SENVCFG, value & FIOM);
      return;
    case 0x30a:
      store<u64>(MENVCFG, value & (FIOM | ENVCFG_STCE));
      return;
    case 0x140:
    case 0x142:
    case 0x143:
    case 0x340:
    case 0x342:
    case 0x343:
      store<u64>(plainRegister(number), value);
  }
}

function replaceBits(at: usize, value: u64, mask: u64): void {
  store<u64>(at, (load<u64>(at) & ~mask) | (value & mask));
}

/** Bare, Sv39 or Sv48; a write with any other scheme changes nothing. */
function writeSatp(value: u64): void {
  const scheme = value >> 60;
  if ((scheme != 0 && scheme != 8 && scheme != 9) || value == load<u64>(SATP)) return;
  store<u64>(SATP, value);
  enterSpace();
}

function writePmpConfig(first: u32, value: u64): void {
  for (let i: u32 = 0; i < 8; i++) {
    const at = PMPCFG + <usize>(first + i);
    let bits = <u32>(value >> <u64>(8 * i)) & 0x9f;
    if (load<u8>(at) & 0x80) continue;
    if ((bits & 3) == 2) bits &= ~2;
    store<u8>(at, <u8>bits);
  }
  pmpChanged();
  flushTranslations();
}

function writePmpAddress(i: u32, value: u64): void {
  if (isPmpAddressLocked(i)) return;
  store<u64>(PMPADDR + ((<usize>i) << 3), value & PMP_ADDRESS_BITS);
  pmpChanged();
  flushTranslations();
}
