// The pieces of a unit's code. A unit is called with the instructions left of the slice, the calls of units by units that
// have not returned, the virtual address of its page and that page's decoded slots; it gives back the instructions it
// left. While it runs, the integer registers are WebAssembly locals; float registers stay in memory.
import { CONTEXT, PC, STOP_AT, X } from '../machine/hart/state.ts';
import {
  emit,
  emitAccess,
  emitCallIndirect,
  emitConst32,
  emitConst64,
  emitGet,
  emitSet,
  emitUnlikelyIf,
  NO_RESULT,
  OP_END,
  OP_RETURN,
} from './wasm-writer.ts';

// Locals: the parameters, x1 to x31 from 4 on, then the others by type.
export const LOCAL_N: u32 = 0;
export const LOCAL_DEPTH: u32 = 1;
export const LOCAL_PAGE_VA: u32 = 2;
export const LOCAL_PAGE_BASE: u32 = 3;
const LOCAL_X0: u32 = 3;
export const LOCAL_OLD: u32 = 35;
export const LOCAL_TARGET: u32 = 36;
export const I64_LOCALS: u32 = 33;
export const LOCAL_POINTER: u32 = 37;
/** The dispatch (region.ts) that is to take its way aside, or 0. */
export const LOCAL_ENTRY: u32 = 38;
export const LOCAL_GROUPS: u32 = 39;
/** Groups of accesses whose pointers are kept at a time. */
export const KEPT_GROUPS: u32 = 24;
export const I32_LOCALS: u32 = 2 + KEPT_GROUPS;
export const LOCAL_DOUBLES: u32 = LOCAL_GROUPS + KEPT_GROUPS;
export const FLOAT_LOCALS: u32 = 5;
export const LOCAL_SINGLES: u32 = LOCAL_DOUBLES + FLOAT_LOCALS;

const I32_LOAD: u8 = 0x28;
const I32_LOAD16_U: u8 = 0x2f;
const I64_LOAD: u8 = 0x29;
const I64_STORE: u8 = 0x37;
const I32_EQZ: u8 = 0x45;
const I32_NE: u8 = 0x47;
const I32_LE_S: u8 = 0x4c;
const I32_ADD: u8 = 0x6a;
const I32_SUB: u8 = 0x6b;
const I64_ADD: u8 = 0x7c;

/** Offset of the unit's first instruction. */
let headAt: u32 = 0;
/** WebAssembly blocks around what is being written. */
let labelDepth: u32 = 0;
/** The instruction being translated: its offset in the page, how many of its block come before it. */
let place: u32 = 0;
let ordinal: u32 = 0;
/** Registers that may differ from memory before it. */
let dirty: u32 = 0;
/** Instructions of the blocks before this one that LOCAL_N still holds: they are taken off where ways meet, or lead out. */
let uncounted: u32 = 0;

export function rd(word: u32): u32 {
  return (word >>> 7) & 31;
}

export function rs1(word: u32): u32 {
  return (word >>> 15) & 31;
}

export function rs2(word: u32): u32 {
  return (word >>> 20) & 31;
}

/** Begins the unit of the block at offset `at`, for the context that is current now; elsewhere it gives up. */
export function beginUnit(at: u32): void {
  labelDepth = 0;
  uncounted = 0;
  headAt = at;
  emitLoadState(I32_LOAD, CONTEXT);
  emitConst32(load<i32>(CONTEXT));
  emit(I32_NE);
  beginUnlikely();
  emitPc(at);
  emitReturn();
  endLabel();
}

export function beginBlock(dirtyRegisters: u32): void {
  dirty = dirtyRegisters;
}

export function setPlace(at: u32, done: u32): void {
  place = at;
  ordinal = done;
}

export function beginLabel(opcode: u8): void {
  emit(opcode);
  emit(NO_RESULT);
  labelDepth++;
}

/** An `if` for what hardly ever happens. */
export function beginUnlikely(): void {
  emitUnlikelyIf();
  labelDepth++;
}

export function endLabel(): void {
  emit(OP_END);
  labelDepth--;
}

/** Leaves the address of the decoded slot where the unit begins on the stack. */
export function emitHeadSlot(): void {
  emitGet(LOCAL_PAGE_BASE);
  emitConst32((<i32>headAt) << 2);
  emit(I32_ADD);
}

/** How many instructions of the block come before the one being translated. */
export function placeInBlock(): u32 {
  return ordinal;
}

export function currentDepth(): u32 {
  return labelDepth;
}

export function getRegister(register: u32): void {
  if (register) emitGet(LOCAL_X0 + register);
  else emitConst64(0);
}

export function setRegister(register: u32): void {
  if (!register) {
    emit(0x1a);
    return;
  }
  emitSet(LOCAL_X0 + register);
  dirty |= (<u32>1) << register;
}

/** The virtual address of offset `at` of the unit's page. */
export function emitPageAddress(at: i64): void {
  emitGet(LOCAL_PAGE_VA);
  if (!at) return;
  emitConst64(at);
  emit(I64_ADD);
}

export function callHelper(index: u32, type: u32): void {
  emitConst32(<i32>index);
  emitCallIndirect(type);
}

/** Leaves the address of an access without its constant part on the stack, for state at a fixed address. */
export function emitState(): void {
  emitConst32(0);
}

export function emitLoadState(opcode: u8, at: usize): void {
  emitState();
  emitAccess(opcode, at);
}

/** Hands the instruction being translated to the interpreter. */
export function leave(): void {
  emitSpill(dirty);
  emitPc(place);
  emitGet(LOCAL_N);
  if (uncounted + ordinal) {
    emitConst32(<i32>(uncounted + ordinal));
    emit(I32_SUB);
  }
  emit(OP_RETURN);
}

/** Pops an i32: where it is 0, the interpreter does this instruction. */
export function leaveUnless(): void {
  emit(I32_EQZ);
  leaveIf();
}

/** Pops an i32: where it is not 0, the interpreter does this instruction. */
export function leaveIf(): void {
  beginUnlikely();
  leave();
  endLabel();
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

/** The pc becomes offset `at` of the unit's page. */
export function emitPc(at: i64): void {
  emitState();
  emitPageAddress(at);
  emitAccess(I64_STORE, PC);
}

/** The pc becomes LOCAL_TARGET. */
export function emitPcFromTarget(): void {
  emitState();
  emitGet(LOCAL_TARGET);
  emitAccess(I64_STORE, PC);
}

export function emitReturn(): void {
  emitGet(LOCAL_N);
  emit(OP_RETURN);
}

export function addUncounted(instructions: u32): void {
  uncounted += instructions;
}

export function uncountedSoFar(): u32 {
  return uncounted;
}

export function setUncounted(instructions: u32): void {
  uncounted = instructions;
}

/** Takes the instructions done off what is left. */
export function emitCount(): void {
  if (!uncounted) return;
  emitGet(LOCAL_N);
  emitConst32(<i32>uncounted);
  emit(I32_SUB);
  emitSet(LOCAL_N);
  uncounted = 0;
}

/** Leaves on the stack whether the slice's instructions are used up. */
export function emitIsUsedUp(): void {
  emitGet(LOCAL_N);
  emitConst32(0);
  emit(I32_LE_S);
}

/** Leaves on the stack whether the slice is over, which a call may have brought about. */
export function emitIsOver(): void {
  emitGet(LOCAL_N);
  // Either 0 or far above any slice's length; of 16 bits for the reason given in pointerOf.
  emitLoadState(I32_LOAD16_U, STOP_AT);
  emit(I32_LE_S);
}
