// The integer registers of a unit, as WebAssembly locals. A register whose value is a sign-extended word may be held as that
// word alone: what the guest does with words is then done with words, and the extension is made only for what wants all 64
// bits, which mostly is the way out of the unit. Which form a register has is known along each way through the code;
// where ways meet, all that matters there is wide.
import { X } from '../machine/hart/state.ts';
import { currentDepth, emitLoadState, emitState } from './emit.ts';
import { LOCAL_NARROW0, LOCAL_X0 } from './locals.ts';
import { emit, emitAccess, emitConst32, emitConst64, emitGet, emitSet, emitTee } from './wasm-writer.ts';

const I64_LOAD: u8 = 0x29;
const I64_STORE: u8 = 0x37;
const I32_WRAP: u8 = 0xa7;
const I64_EXTEND_S: u8 = 0xac;
const DROP: u8 = 0x1a;

/** Registers that may differ from memory, a bit each. */
let dirty: u32 = 0;
/** Registers whose words are in the narrow locals, and are all that is to know. */
let narrow: u32 = 0;
/** Those of them whose wide locals are out of date. */
let stale: u32 = 0;
/** Labels around the block: what is deeper is not run each time. */
let blockDepth: u32 = 0;

/** Begins a block, which goes on with the forms that are known. */
export function beginBlock(dirtyRegisters: u32): void {
  dirty = dirtyRegisters;
  blockDepth = currentDepth();
}

export function dirtyRegisters(): u32 {
  return dirty;
}

export function narrowRegisters(): u32 {
  return narrow;
}

export function staleRegisters(): u32 {
  return stale;
}

/** Goes back to what was known elsewhere; all registers are wide with 0 and 0. */
export function setForms(narrowThen: u32, staleThen: u32): void {
  narrow = narrowThen;
  stale = staleThen;
}

function bit(register: u32): u32 {
  return (<u32>1) << register;
}

/** Whether getNarrow tells all of a register. */
export function isNarrow(register: u32): bool {
  return !register || (narrow & bit(register)) != 0;
}

/** Leaves a register on the stack, an i64. */
export function getRegister(register: u32): void {
  if (!register) emitConst64(0);
  else if (!(stale & bit(register))) emitGet(LOCAL_X0 + register);
  else {
    emitGet(LOCAL_NARROW0 + register);
    emit(I64_EXTEND_S);
    if (currentDepth() != blockDepth) return;
    emitTee(LOCAL_X0 + register);
    stale &= ~bit(register);
  }
}

/** Leaves a register's low word on the stack, an i32. */
export function getNarrow(register: u32): void {
  if (!register) emitConst32(0);
  else if (narrow & bit(register)) emitGet(LOCAL_NARROW0 + register);
  else {
    emitGet(LOCAL_X0 + register);
    emit(I32_WRAP);
  }
}

/** Sets a register to the i64 on the stack. */
export function setRegister(register: u32): void {
  if (!register) {
    emit(DROP);
    return;
  }
  emitSet(LOCAL_X0 + register);
  dirty |= bit(register);
  narrow &= ~bit(register);
  stale &= ~bit(register);
}

/** Sets a register to the i32 on the stack, sign-extended. */
export function setNarrow(register: u32): void {
  if (!register) {
    emit(DROP);
    return;
  }
  emitSet(LOCAL_NARROW0 + register);
  dirty |= bit(register);
  narrow |= bit(register);
  stale |= bit(register);
}

/** Copies a register in the form that it has. */
export function copyRegister(to: u32, from: u32): void {
  if (isNarrow(from)) {
    getNarrow(from);
    setNarrow(to);
  } else {
    getRegister(from);
    setRegister(to);
  }
}

/** Makes registers wide, where all are going to be. */
export function emitWiden(registers: u32): void {
  for (let register: u32 = 1; register < 32; register++) {
    if (!(registers & stale & bit(register))) continue;
    emitGet(LOCAL_NARROW0 + register);
    emit(I64_EXTEND_S);
    emitSet(LOCAL_X0 + register);
  }
}

export function loadRegister(register: u32): void {
  emitLoadState(I64_LOAD, X + ((<usize>register) << 3));
  setRegister(register);
}

export function storeRegister(register: u32): void {
  emitState();
  getRegister(register);
  emitAccess(I64_STORE, X + ((<usize>register) << 3));
}

/** Loads the registers of a mask from memory. */
export function emitReload(registers: u32): void {
  for (let register: u32 = 1; register < 32; register++)
    if ((registers >>> register) & 1) loadRegister(register);
}

/** Stores the registers of a mask to memory. */
export function emitSpill(registers: u32): void {
  for (let register: u32 = 1; register < 32; register++)
    if ((registers >>> register) & 1) storeRegister(register);
}
