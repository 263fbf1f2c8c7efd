// Ways out of a unit in the middle of its code: an instruction is left to the interpreter, before it has changed anything.
// The instructions done are taken off LOCAL_N only where ways meet, or lead out.
import { beginUnlikely, emitPc, endLabel } from './emit.ts';
import { LOCAL_N } from './locals.ts';
import { emitLeftInstruction, emitMark } from './observation.ts';
import { dirtyRegisters, emitSpill } from './registers.ts';
import { emit, emitConst32, emitGet, emitSet, OP_RETURN } from './wasm-writer.ts';

const I32_EQZ: u8 = 0x45;
const I32_SUB: u8 = 0x6b;

/** The instruction being translated: its offset in the page, how many of its block come before it. */
let place: u32 = 0;
let ordinal: u32 = 0;
/** Instructions of the blocks before this one that LOCAL_N still holds. */
let uncounted: u32 = 0;

export function setPlace(at: u32, done: u32): void {
  emitMark(at);
  place = at;
  ordinal = done;
}

/** How many instructions of the block come before the one being translated. */
export function placeInBlock(): u32 {
  return ordinal;
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
  emitLeft(uncounted);
  emitSet(LOCAL_N);
  uncounted = 0;
}

function emitLeft(done: u32): void {
  emitGet(LOCAL_N);
  if (!done) return;
  emitConst32(<i32>done);
  emit(I32_SUB);
}

/** Hands the instruction being translated to the interpreter. */
export function leave(): void {
  emitLeftInstruction();
  emitSpill(dirtyRegisters());
  emitPc(place);
  emitLeft(uncounted + ordinal);
  emit(OP_RETURN);
}

/** Ends the unit behind the instruction being translated: all it did is in memory, and counted. */
export function emitEndBehind(): void {
  emitSpill(dirtyRegisters());
  emitLeft(uncounted + ordinal + 1);
  emitSet(LOCAL_N);
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
