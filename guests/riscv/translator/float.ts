// Float instructions in WebAssembly's own arithmetic, which rounds to nearest even and tells no flags. A result is taken
// where it is clear of overflow and underflow and no operand was a NaN, so that "inexact" is the only flag in question;
// unless that is raised already, the rounding error is computed and raises it or not (Muller et al., "Handbook of
// Floating-Point Arithmetic", 2nd edition, §4.3.2 and §4.4.1: the errors of sums and products are floats themselves). All
// else is left to the interpreter, whose arithmetic (machine/float) is exact. Registers stay in memory, as they are there.
import { F, FFLAGS, FRM, FS } from '../machine/hart/state.ts';
import { beginUnlikely, callHelper, emitLoadState, emitState, endLabel, rd, rs1, rs2 } from './emit.ts';
import { leaveIf, leaveUnless } from './leave.ts';
import { LOCAL_DOUBLES, LOCAL_SINGLES } from './locals.ts';
import { accessPointer, offsetInGroup } from './memory-access.ts';
import { getRegister, loadRegister, setRegister, storeRegister } from './registers.ts';
import {
  emit,
  emitAccess,
  emitConst32,
  emitConst64,
  emitConstDouble,
  emitConstSingle,
  emitGet,
  emitSet,
  emitTee,
  TYPE_FLOAT,
} from './wasm-writer.ts';

// Opcodes for doubles; those for singles are as many places before them as SINGLE_ARITHMETIC or SINGLE_COMPARISON says.
const NE: u8 = 0x62;
const LT: u8 = 0x63;
const GE: u8 = 0x66;
const SINGLE_ARITHMETIC: u8 = 0x0e;
const SINGLE_COMPARISON: u8 = 0x06;

const F32_LOAD: u8 = 0x2a;
const F64_LOAD: u8 = 0x2b;
const F32_STORE: u8 = 0x38;
const F64_STORE: u8 = 0x39;
const I32_LOAD: u8 = 0x28;
const I64_LOAD: u8 = 0x29;
const I64_LOAD32_S: u8 = 0x34;
const I32_STORE: u8 = 0x36;
const I64_STORE: u8 = 0x37;
const I64_STORE32: u8 = 0x3e;
const I32_EQZ: u8 = 0x45;
const I32_NE: u8 = 0x47;
const I32_LT_U: u8 = 0x49;
const I64_LT_U: u8 = 0x54;
const I32_SUB: u8 = 0x6b;
const I32_AND: u8 = 0x71;
const I32_OR: u8 = 0x72;
const I32_XOR: u8 = 0x73;
const I32_SHL: u8 = 0x74;
const I64_SUB: u8 = 0x7d;
const I64_AND: u8 = 0x83;
const I64_XOR: u8 = 0x85;
const I64_SHL: u8 = 0x86;
const I64_EXTEND_U: u8 = 0xad;
const F64_PROMOTE: u8 = 0xbb;
const I32_REINTERPRET: u8 = 0xbc;
const I64_REINTERPRET: u8 = 0xbd;

// Of the locals of each width: operands, result, what the computation of errors needs.
export const A: u32 = 0;
export const B: u32 = 1;
export const C: u32 = 2;
export const R: u32 = 3;
export const T: u32 = 4;

export const NEAREST_EVEN: u32 = 0;
export const TO_ZERO: u32 = 1;
export const DOWN: u32 = 2;
export const UP: u32 = 3;
const DYNAMIC: u32 = 7;

/** Results of products, quotients and square roots count from here on: errors are floats, too. */
const LEAST_DOUBLE: u64 = (1023 - 960) << 53;
const LEAST_SINGLE: u32 = (127 - 120) << 24;
/** Results count below this: nothing that leads to an error overflows. */
const BOUND_DOUBLE: u64 = (1023 + 1000) << 53;
const BOUND_SINGLE: u32 = (127 + 120) << 24;

// What the block has established so far: that the float unit is on, that its registers count as dirty, that the dynamic
// rounding mode is nearest even; registers that hold boxed singles.
let isOn: bool = false;
let isDirty: bool = false;
let isNearest: bool = false;
let boxed: u32 = 0;
/** Width of the instruction being translated. */
let isDouble: bool = false;

export function beginFloats(): void {
  isOn = false;
  isDirty = false;
  isNearest = false;
  boxed = 0;
}

/** Leaves the unit where the float unit is off. */
export function checkFloats(): void {
  if (isOn) return;
  isOn = true;
  emitLoadState(I32_LOAD, FS);
  leaveUnless();
}

/** The rounding mode or the flags have been written. */
export function floatStatusChanged(): void {
  isNearest = false;
  markDirty();
}

function markDirty(): void {
  if (isDirty) return;
  isDirty = true;
  emitState();
  emitConst32(3);
  emitAccess(I32_STORE, FS);
}

/** From here on the instruction is about doubles, or singles. */
export function setWidth(double: bool): void {
  isDouble = double;
}

export function begin(double: bool): void {
  isDouble = double;
  checkFloats();
}

export function modeOf(word: u32): u32 {
  return (word >>> 12) & 7;
}

export function rs3(word: u32): u32 {
  return word >>> 27;
}

/** Whether an instruction rounds to nearest even, which a dynamic mode is checked to be. */
export function roundsToNearest(word: u32): bool {
  const mode = modeOf(word);
  if (mode != DYNAMIC) return mode == NEAREST_EVEN;
  if (!isNearest) {
    isNearest = true;
    emitLoadState(I32_LOAD, FRM);
    leaveIf();
  }
  return true;
}

export function addressOf(register: u32): usize {
  return F + ((<usize>register) << 3);
}

export function arithmetic(opcode: u8): void {
  emit(isDouble ? opcode : opcode - SINGLE_ARITHMETIC);
}

export function compare(opcode: u8): void {
  emit(isDouble ? opcode : opcode - SINGLE_COMPARISON);
}

export function get(local: u32): void {
  emitGet((isDouble ? LOCAL_DOUBLES : LOCAL_SINGLES) + local);
}

export function set(local: u32): void {
  emitSet((isDouble ? LOCAL_DOUBLES : LOCAL_SINGLES) + local);
}

export function tee(local: u32): void {
  emitTee((isDouble ? LOCAL_DOUBLES : LOCAL_SINGLES) + local);
}

export function constant(value: f64): void {
  if (isDouble) emitConstDouble(value);
  else emitConstSingle(<f32>value);
}

/** Leaves the unit unless a register holds a boxed single; any other is the canonical NaN to instructions on singles. */
export function checkBoxed(register: u32): void {
  if (isDouble || (boxed >>> register) & 1) return;
  boxed |= (<u32>1) << register;
  emitLoadState(I32_LOAD, addressOf(register) + 4);
  emitConst32(-1);
  emit(I32_NE);
  leaveIf();
}

/** Leaves a register's value on the stack; singles have been checked. */
export function fetch(register: u32): void {
  emitLoadState(isDouble ? F64_LOAD : F32_LOAD, addressOf(register));
}

/** Sets local A, and B if there is a second operand; leaves them on the stack, in this order. */
export function fetchOperands(word: u32, two: bool): void {
  checkBoxed(rs1(word));
  if (two) checkBoxed(rs2(word));
  fetch(rs1(word));
  tee(A);
  if (!two) return;
  fetch(rs2(word));
  tee(B);
}

/** Says in the upper half of a register that the lower is a single. */
function box(register: u32): void {
  if ((boxed >>> register) & 1) return;
  boxed |= (<u32>1) << register;
  emitState();
  emitConst32(-1);
  emitAccess(I32_STORE, addressOf(register) + 4);
}

/** Ends an instruction: local R becomes the destination's value. */
export function finish(word: u32): void {
  emitState();
  get(R);
  emitAccess(isDouble ? F64_STORE : F32_STORE, addressOf(rd(word)));
  becomes(rd(word));
}

/** A register has got a value of the instruction's width. */
function becomes(register: u32): void {
  if (isDouble) boxed &= ~((<u32>1) << register);
  else box(register);
  markDirty();
}

/** Leaves on the stack whether a local's magnitude is in the range where results count, from 0 on or from LEAST. */
export function isCounted(local: u32, fromZero: bool): void {
  get(local);
  if (isDouble) {
    emit(I64_REINTERPRET);
    emitConst64(1);
    emit(I64_SHL);
    if (!fromZero) {
      emitConst64(LEAST_DOUBLE);
      emit(I64_SUB);
    }
    emitConst64(fromZero ? BOUND_DOUBLE : BOUND_DOUBLE - LEAST_DOUBLE);
    emit(I64_LT_U);
  } else {
    emit(I32_REINTERPRET);
    emitConst32(1);
    emit(I32_SHL);
    if (!fromZero) {
      emitConst32(LEAST_SINGLE);
      emit(I32_SUB);
    }
    emitConst32(fromZero ? BOUND_SINGLE : BOUND_SINGLE - LEAST_SINGLE);
    emit(I32_LT_U);
  }
}

/** Leaves on the stack whether a local is not zero. */
export function isNotZero(local: u32): void {
  get(local);
  constant(0);
  compare(NE);
}

/** Begins code for when "inexact" is not raised; `endInexact` ends it, with whether it is to be on the stack. */
export function beginInexact(): void {
  emitLoadState(I32_LOAD, FFLAGS);
  emitConst32(1);
  emit(I32_AND);
  emit(I32_EQZ);
  beginUnlikely();
  emitState();
  emitLoadState(I32_LOAD, FFLAGS);
}

export function endInexact(): void {
  emit(I32_OR);
  emitAccess(I32_STORE, FFLAGS);
  endLabel();
}

/** Leaves a local widened to a double on the stack. */
export function promoted(local: u32): void {
  get(local);
  emit(F64_PROMOTE);
}

export function emitFloatLoad(word: u32, bytes: u32): void {
  begin(bytes == 8);
  const pointer = accessPointer();
  emitState();
  emitGet(pointer);
  emitAccess(isDouble ? I64_LOAD : I32_LOAD, offsetInGroup(word));
  emitAccess(isDouble ? I64_STORE : I32_STORE, addressOf(rd(word)));
  becomes(rd(word));
}

export function emitFloatStore(word: u32, bytes: u32): void {
  begin(bytes == 8);
  emitGet(accessPointer());
  emitLoadState(isDouble ? I64_LOAD : I32_LOAD, addressOf(rs2(word)));
  emitAccess(isDouble ? I64_STORE : I32_STORE, offsetInGroup(word));
}

export function emitMinimum(word: u32, double: bool, opcode: u8): void {
  begin(double);
  fetchOperands(word, true);
  arithmetic(opcode);
  set(R);
  areOrdered();
  leaveUnless();
  finish(word);
}

/** Leaves on the stack whether neither A nor B is a NaN. */
function areOrdered(): void {
  get(A);
  get(B);
  compare(LT);
  get(A);
  get(B);
  compare(GE);
  emit(I32_OR);
}

export function emitComparison(word: u32, double: bool, opcode: u8): void {
  begin(double);
  fetchOperands(word, true);
  compare(opcode);
  areOrdered();
  leaveUnless();
  emit(I64_EXTEND_U);
  setRegister(rd(word));
}

export const COPY_SIGN: u32 = 0;
export const COPY_SIGN_NEGATED: u32 = 1;
export const XOR_SIGN: u32 = 2;

export function emitSign(word: u32, double: bool, kind: u32): void {
  begin(double);
  checkBoxed(rs1(word));
  checkBoxed(rs2(word));
  emitState();
  emitLoadState(double ? I64_LOAD : I32_LOAD, addressOf(rs1(word)));
  if (kind != XOR_SIGN) maskSign(-1, I64_AND);
  emitLoadState(double ? I64_LOAD : I32_LOAD, addressOf(rs2(word)));
  if (kind == COPY_SIGN_NEGATED) maskSign(0, I64_XOR);
  maskSign(0, I64_AND);
  emit(double ? I64_XOR : I32_XOR);
  emitAccess(double ? I64_STORE : I32_STORE, addressOf(rd(word)));
  becomes(rd(word));
}

/** Combines the number on the stack with the sign bit (`invert` 0) or all the others (-1); the opcode is i64's. */
function maskSign(invert: i32, opcode: u8): void {
  if (isDouble) {
    emitConst64(i64.MIN_VALUE ^ <i64>invert);
    emit(opcode);
  } else {
    emitConst32(i32.MIN_VALUE ^ invert);
    emit(opcode - (I64_AND - I32_AND));
  }
}

/** Bits from a float register to an integer one. */
export function emitBitsOut(word: u32, double: bool): void {
  begin(double);
  emitLoadState(double ? I64_LOAD : I64_LOAD32_S, addressOf(rs1(word)));
  setRegister(rd(word));
}

export function emitBitsIn(word: u32, double: bool): void {
  begin(double);
  emitState();
  getRegister(rs1(word));
  emitAccess(double ? I64_STORE : I64_STORE32, addressOf(rd(word)));
  becomes(rd(word));
}

/** An instruction by its exact function, which works on registers in memory. */
export function emitExact(word: u32, helper: u32): void {
  // FCVT, FMV, FCLASS and the comparisons tell by funct7 from which kind of register to which they go.
  const kind = (word & 0x7f) == 0x53 ? word >>> 28 : 0;
  const readsInteger = kind == 0xd || kind == 0xf;
  const writesInteger = kind == 0xa || kind == 0xc || kind == 0xe;
  if (readsInteger && rs1(word)) storeRegister(rs1(word));
  emitConst32(<i32>word);
  callHelper(helper, TYPE_FLOAT);
  leaveUnless();
  if (!writesInteger) boxed &= ~((<u32>1) << rd(word));
  else if (rd(word)) loadRegister(rd(word));
}
