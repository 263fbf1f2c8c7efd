// The pieces of a unit's code. A unit is called with the instructions left of the slice, the calls of units by units that
// have not returned, the virtual address of its page and that page's decoded slots; it gives back the instructions it
// left.
import { CONTEXT, PC, STOPS, X } from '../machine/hart/state.ts';
import { LOCAL_N, LOCAL_PAGE_BASE, LOCAL_PAGE_VA, LOCAL_TARGET } from './locals.ts';
import { unitContext } from './unit-context.ts';
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

export function rd(word: u32): u32 {
  return (word >>> 7) & 31;
}

export function rs1(word: u32): u32 {
  return (word >>> 15) & 31;
}

export function rs2(word: u32): u32 {
  return (word >>> 20) & 31;
}

/** Begins the unit of the block at offset `at`; in contexts other than its own it gives up. */
export function beginUnit(at: u32): void {
  labelDepth = 0;
  headAt = at;
  emitLoadState(I32_LOAD, CONTEXT);
  emitConst32(<i32>unitContext());
  emit(I32_NE);
  beginUnlikely();
  emitPc(at);
  emitReturn();
  endLabel();
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

export function currentDepth(): u32 {
  return labelDepth;
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

/** Leaves on the stack whether the slice's instructions are used up. */
export function emitIsUsedUp(): void {
  emitGet(LOCAL_N);
  emitConst32(0);
  emit(I32_LE_S);
}

/** Leaves on the stack whether the slice, or the unit's context, is over, which a call may have brought about. */
export function emitIsOver(): void {
  emitGet(LOCAL_N);
  // Either 0 or above any slice's length (hart/slices.ts); of 16 bits for the reason given in checkedPointer.
  emitLoadState(I32_LOAD16_U, STOPS + ((<usize>unitContext()) << 2));
  emit(I32_LE_S);
}
