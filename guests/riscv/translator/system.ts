// System instructions in translated code. Reads and writes of CSRs that are plain words of state are done in place, as
// are the interrupt enable's changes by constants; most others end their unit with a call of `systemInstruction`. What is
// left to the interpreter ends the unit before the instruction.

import { SSTATUS_WRITABLE, UXL } from '../machine/hart/csr.ts';
import { csrInstruction } from '../machine/hart/csr-instructions.ts';
import { OP_NOTHING } from '../machine/hart/decoder.generated.ts';
import { addressOf } from '../machine/hart/fetch.ts';
import {
  COUNTER,
  FENCED,
  FFLAGS,
  FRM,
  FS,
  INTERRUPT_LINES,
  MCAUSE,
  MEPC,
  MIE,
  MIP,
  MSCRATCH,
  MSTATUS,
  MTVAL,
  PAGE_BASE,
  PAGE_VA,
  PC,
  SCAUSE,
  SEPC,
  SSCRATCH,
  STEP_SLOT,
  STVAL,
  TIMER_LINE,
  UNWIND_PC,
} from '../machine/hart/state.ts';
import { MSTATUS_SIE } from '../machine/hart/status-bits.ts';
import {
  environmentCall,
  fenceAddressTranslation,
  machineReturn,
  supervisorReturn,
} from '../machine/hart/system.ts';
import { emitLoadState, emitState, rd, rs1 } from './emit.ts';
import { checkFloats, floatStatusChanged } from './float.ts';
import { leaveIf } from './leave.ts';
import { LOCAL_OLD } from './locals.ts';
import { getRegister, setRegister } from './registers.ts';
import { nowhere, unitAt } from './runtime.ts';
import { unitMode } from './unit-context.ts';
import { emit, emitAccess, emitConst32, emitConst64, emitGet, emitSet } from './wasm-writer.ts';

/** What PC holds while units that wait for calls to return give up: no unit goes on at an odd address. */
export const UNWINDING: u64 = 1;

const I32_LOAD: u8 = 0x28;
const I64_LOAD: u8 = 0x29;
const I64_LOAD32_U: u8 = 0x35;
const I64_STORE: u8 = 0x37;
const I64_STORE32: u8 = 0x3e;
const I32_EQ: u8 = 0x46;
const I64_NE: u8 = 0x52;
const I64_AND: u8 = 0x83;
const I64_OR: u8 = 0x84;
const I64_XOR: u8 = 0x85;
const I64_SHL: u8 = 0x86;
const I64_EXTEND_U: u8 = 0xad;

const SSTATUS: u32 = 0x100;
const ECALL: u32 = 0x0000_0073;
const SRET: u32 = 0x1020_0073;
const MRET: u32 = 0x3020_0073;
const WRITE: u32 = 1;
const SET: u32 = 2;

function kindOf(word: u32): u32 {
  return (word >>> 12) & 3;
}

function isConstant(word: u32): bool {
  return (word & 0x4000) != 0;
}

function writes(word: u32): bool {
  return kindOf(word) == WRITE || rs1(word) != 0;
}

/** Where a CSR is that is a word of state, and that the mode may read and write; or 0. */
function plainRegister(number: u32): usize {
  if (number == 0x001) return FFLAGS;
  if (number == 0x002) return FRM;
  if (unitMode() < 1) return 0;
  if (number == 0x140) return SSCRATCH;
  if (number == 0x141) return SEPC;
  if (number == 0x142) return SCAUSE;
  if (number == 0x143) return STVAL;
  if (unitMode() < 3) return 0;
  if (number == 0x340) return MSCRATCH;
  if (number == 0x341) return MEPC;
  if (number == 0x342) return MCAUSE;
  if (number == 0x343) return MTVAL;
  return 0;
}

function isStatusInPlace(word: u32): bool {
  if (word >>> 20 != SSTATUS || unitMode() < 1 || kindOf(word) == WRITE) return false;
  return !writes(word) || (isConstant(word) && rs1(word) == <u32>MSTATUS_SIE) || isInterruptRestore(word);
}

/**
 * Whether a system instruction sets or clears bits of sstatus by a register, for which kernels use this to restore the
 * interrupt enable: it is in place only while the register names no other bit.
 */
export function isInterruptRestore(word: u32): bool {
  return (
    word >>> 20 == SSTATUS && kindOf(word) != WRITE && !isConstant(word) && rs1(word) != 0 && rd(word) == 0
  );
}

/** Leaves on the stack whether the register of such an instruction names other bits of sstatus. */
export function emitNamesMore(word: u32): void {
  getRegister(rs1(word));
  emitConst64(~MSTATUS_SIE);
  emit(I64_AND);
  emitConst64(0);
  emit(I64_NE);
}

/** Whether a system instruction is done in place, by emitCsr. */
export function isInPlace(word: u32): bool {
  if (!kindOf(word)) return false;
  return plainRegister(word >>> 20) != 0 || isStatusInPlace(word);
}

/** Whether a system instruction ends its unit by `systemInstruction`; mode S may call the machine itself, which may stop. */
export function isCalled(word: u32): bool {
  if (kindOf(word)) return true;
  if (word == ECALL) return unitMode() == 0;
  return word == SRET || word == MRET || isFence(word);
}

function isFence(word: u32): bool {
  return word >>> 25 == 9;
}

/** Registers that a system instruction in place reads and writes, as bits. */
export function registersRead(word: u32): u32 {
  return isConstant(word) ? 0 : ((<u32>1) << rs1(word)) & ~1;
}

export function registersWritten(word: u32): u32 {
  return ((<u32>1) << rd(word)) & ~1;
}

/** Emits a CSR instruction for which isInPlace holds. */
export function emitCsr(word: u32): void {
  const number = word >>> 20;
  if (number == SSTATUS) {
    emitStatus(word);
    return;
  }
  const isFloat = number < 3;
  const at = plainRegister(number);
  if (isFloat) checkFloats();
  emitLoadState(isFloat ? I64_LOAD32_U : I64_LOAD, at);
  emitSet(LOCAL_OLD);
  if (writes(word)) {
    emitState();
    emitNewValue(word);
    if (isFloat) {
      emitConst64(number == 0x001 ? 31 : 7);
      emit(I64_AND);
    } else if ((number & 0xff) == 0x41) {
      emitConst64(-2);
      emit(I64_AND);
    }
    emitAccess(isFloat ? I64_STORE32 : I64_STORE, at);
    if (isFloat) floatStatusChanged();
  }
  emitGet(LOCAL_OLD);
  setRegister(rd(word));
}

/** Leaves on the stack what a CSR whose value is LOCAL_OLD becomes. */
function emitNewValue(word: u32): void {
  if (kindOf(word) != WRITE) emitGet(LOCAL_OLD);
  if (isConstant(word)) emitConst64(rs1(word));
  else getRegister(rs1(word));
  if (kindOf(word) == WRITE) return;
  if (kindOf(word) == SET) {
    emit(I64_OR);
    return;
  }
  emitConst64(-1);
  emit(I64_XOR);
  emit(I64_AND);
}

/** sstatus read, or its interrupt enable set or cleared; what then could interrupt at once is left to the interpreter. */
function emitStatus(word: u32): void {
  const isSet = kindOf(word) == SET;
  if (writes(word) && isSet) {
    emitLoadState(I64_LOAD, MIP);
    emitLoadState(I64_LOAD, INTERRUPT_LINES);
    emit(I64_OR);
    emitLoadState(I64_LOAD, TIMER_LINE);
    emit(I64_OR);
    emitLoadState(I64_LOAD, MIE);
    emit(I64_AND);
    emitConst64(0);
    emit(I64_NE);
    leaveIf();
  }
  emitLoadState(I64_LOAD, MSTATUS);
  emitSet(LOCAL_OLD);
  if (writes(word)) {
    emitState();
    emitGet(LOCAL_OLD);
    if (isConstant(word)) emitConst64(MSTATUS_SIE);
    else getRegister(rs1(word));
    if (!isSet) {
      emitConst64(-1);
      emit(I64_XOR);
    }
    emit(isSet ? I64_OR : I64_AND);
    emitAccess(I64_STORE, MSTATUS);
  }
  if (!rd(word)) return;
  // As readStatus of hart/csr.ts.
  emitGet(LOCAL_OLD);
  emitConst64(SSTATUS_WRITABLE);
  emit(I64_AND);
  emitLoadState(I64_LOAD32_U, FS);
  emitConst64(13);
  emit(I64_SHL);
  emit(I64_OR);
  emitLoadState(I32_LOAD, FS);
  emitConst32(3);
  emit(I32_EQ);
  emit(I64_EXTEND_U);
  emitConst64(63);
  emit(I64_SHL);
  emit(I64_OR);
  emitConst64(UXL);
  emit(I64_OR);
  setRegister(rd(word));
}

/**
 * Does a system instruction for which isCalled holds, all registers being in memory, and gives back the entry of the unit
 * to go on in. When it changes what addresses lead to, units that wait for a call's return are not to go on, whatever the
 * pc: they may be of a page that is no longer there.
 */
export function systemInstruction(pc: u64, word: u32, n: i32, depth: i32): usize {
  store<i32>(COUNTER, n);
  store<u64>(PAGE_VA, pc & ~0xfff);
  store<u32>(PAGE_BASE, <u32>(STEP_SLOT - ((<usize>(pc & 0xfff)) << 2)));
  store<u16>(STEP_SLOT, <u16>OP_NOTHING);
  store<u32>(STEP_SLOT, word, 4);
  store<u32>(FENCED, 0);
  const next = addressOf(runInSlot(word));
  if (!depth || !load<u32>(FENCED)) {
    store<u64>(PC, next);
    return unitAt(next, n);
  }
  store<u64>(UNWIND_PC, next);
  return nowhere(UNWINDING);
}

function runInSlot(word: u32): usize {
  if (kindOf(word)) return csrInstruction(STEP_SLOT);
  if (word == ECALL) return environmentCall(STEP_SLOT);
  if (word == SRET) return supervisorReturn(STEP_SLOT);
  return word == MRET ? machineReturn(STEP_SLOT) : fenceAddressTranslation(STEP_SLOT);
}
