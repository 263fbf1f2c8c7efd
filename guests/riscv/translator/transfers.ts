// How a unit goes on in another: by a link of its own where the place is known, by the jump cache (hart/jump-cache.ts) where
// it is not, by a call of the machine after what may change everything.
import { JUMP_CACHE, PC } from '../machine/hart/state.ts';
import { JUMP_CACHE_BYTES } from '../machine/memory/layout.ts';
import {
  beginUnlikely,
  callHelper,
  emitIsUsedUp,
  emitLoadState,
  emitPageAddress,
  emitPcFromTarget,
  emitReturn,
  endLabel,
  rd,
} from './emit.ts';
import { LOCAL_DEPTH, LOCAL_N, LOCAL_POINTER, LOCAL_TARGET } from './locals.ts';
import { newSite } from './memory-access.ts';
import { setRegister } from './registers.ts';
import { linkTo, unitAt } from './runtime.ts';
import { systemInstruction } from './system.ts';
import {
  emit,
  emitAccess,
  emitConst32,
  emitConst64,
  emitGet,
  emitSet,
  emitTailCallIndirect,
  emitTee,
  TYPE_LOAD,
  TYPE_SYSTEM,
  TYPE_TARGET,
  TYPE_UNIT,
} from './wasm-writer.ts';

const I32_LOAD: u8 = 0x28;
const I64_LOAD: u8 = 0x29;
const I64_NE: u8 = 0x52;
const I32_ADD: u8 = 0x6a;
const I32_AND: u8 = 0x71;
const I32_XOR: u8 = 0x73;
const I32_SHL: u8 = 0x74;
const I32_SHR_U: u8 = 0x76;
const I64_AND: u8 = 0x83;
const I32_WRAP: u8 = 0xa7;

/** Has an instruction done that may change everything, and goes on where it leads. */
export function emitSystem(word: u32, at: i64): void {
  emitPageAddress(at);
  emitConst32(<i32>word);
  emitGet(LOCAL_N);
  emitGet(LOCAL_DEPTH);
  callHelper(systemInstruction.index, TYPE_SYSTEM);
  emitSet(LOCAL_POINTER);
  emitLoadState(I64_LOAD, PC);
  emitSet(LOCAL_TARGET);
  emitTailCall();
}

export function emitReturnAddress(word: u32, next: i64): void {
  emitPageAddress(next);
  setRegister(rd(word));
}

/** Goes to offset `at` (of the page or beyond it), where there may be a unit. */
export function emitGoTo(at: i64): void {
  emitPageAddress(at);
  emitSet(LOCAL_TARGET);
  emitLink();
  emitTailCall();
}

/** Leaves in LOCAL_POINTER a link of its own to the unit at LOCAL_TARGET. */
export function emitLink(): void {
  const link = newSite();
  emitConst32(<i32>link);
  emitSet(LOCAL_POINTER);
  emitLoadState(I64_LOAD, link);
  emitGet(LOCAL_TARGET);
  emit(I64_NE);
  beginUnlikely();
  emitGet(LOCAL_TARGET);
  emitGet(LOCAL_N);
  emitConst32(<i32>link);
  callHelper(linkTo.index, TYPE_LOAD);
  emitSet(LOCAL_POINTER);
  endLabel();
}

/** Leaves in LOCAL_POINTER the jump cache entry of the unit at LOCAL_TARGET (jumpEntry in hart/jump-cache.ts). */
export function emitLookup(): void {
  emitGet(LOCAL_TARGET);
  emit(I32_WRAP);
  emitConst32(3);
  emit(I32_SHL);
  emitGet(LOCAL_TARGET);
  emit(I32_WRAP);
  emitConst32(9);
  emit(I32_SHR_U);
  emit(I32_XOR);
  emitConst32(<i32>JUMP_CACHE_BYTES - 16);
  emit(I32_AND);
  emitLoadState(I32_LOAD, JUMP_CACHE);
  emit(I32_ADD);
  emitTee(LOCAL_POINTER);
  emitAccess(I64_LOAD, 0);
  emitGet(LOCAL_TARGET);
  emit(I64_NE);
  beginUnlikely();
  emitGet(LOCAL_TARGET);
  emitGet(LOCAL_N);
  callHelper(unitAt.index, TYPE_TARGET);
  emitSet(LOCAL_POINTER);
  endLabel();
}

/** Leaves the arguments for the unit of LOCAL_POINTER's entry and its table index on the stack. */
export function emitArguments(isCall: bool): void {
  emitGet(LOCAL_N);
  emitGet(LOCAL_DEPTH);
  if (isCall) {
    emitConst32(1);
    emit(I32_ADD);
  }
  emitGet(LOCAL_TARGET);
  emitConst64(-4096);
  emit(I64_AND);
  emitGet(LOCAL_POINTER);
  emitAccess(I32_LOAD, 12);
  emitGet(LOCAL_POINTER);
  emitAccess(I32_LOAD, 8);
}

/** Goes on in the unit of LOCAL_POINTER's entry. Whatever goes round in units comes through here, or a back edge. */
export function emitTailCall(): void {
  emitIsUsedUp();
  beginUnlikely();
  emitPcFromTarget();
  emitReturn();
  endLabel();
  emitArguments(false);
  emitTailCallIndirect(TYPE_UNIT);
}
