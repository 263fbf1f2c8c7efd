// Float instructions in WebAssembly's own arithmetic, which rounds to nearest even and tells no flags. A result is taken
// where it is clear of overflow and underflow and no operand was a NaN, so that "inexact" is the only flag in question;
// unless that is raised already, the rounding error is computed and raises it or not (Muller et al., "Handbook of
// Floating-Point Arithmetic", 2nd edition, §4.3.2 and §4.4.1: the errors of sums and products are floats themselves). All
// else is left to the interpreter, whose arithmetic (machine/float) is exact. Registers stay in memory, as they are there.
import { isFused } from '../machine/float/fused.ts';
import { F, FFLAGS, FRM, FS } from '../machine/hart/state.ts';
import {
  beginUnlikely,
  callHelper,
  emitLoadState,
  emitState,
  endLabel,
  getRegister,
  LOCAL_DOUBLES,
  LOCAL_SINGLES,
  leaveIf,
  leaveUnless,
  loadRegister,
  rd,
  rs1,
  rs2,
  setRegister,
  storeRegister,
} from './emit.ts';
import { accessPointer, offsetInGroup } from './memory-access.ts';
import {
  emit,
  emitAccess,
  emitConst32,
  emitConst64,
  emitConstDouble,
  emitConstSingle,
  emitGet,
  emitPrefixed,
  emitSet,
  emitTee,
  TYPE_FLOAT,
} from './wasm-writer.ts';

// Opcodes for doubles; those for singles are as many places before them as SINGLE_ARITHMETIC or SINGLE_COMPARISON says.
const EQ: u8 = 0x61;
const NE: u8 = 0x62;
const LT: u8 = 0x63;
const GE: u8 = 0x66;
const NEG: u8 = 0x9a;
const CEIL: u8 = 0x9b;
const FLOOR: u8 = 0x9c;
const TRUNC: u8 = 0x9d;
const NEAREST: u8 = 0x9e;
const SQRT: u8 = 0x9f;
const ADD: u8 = 0xa0;
const SUB: u8 = 0xa1;
const MUL: u8 = 0xa2;
const DIV: u8 = 0xa3;
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
const I64_EQ: u8 = 0x51;
const I64_NE: u8 = 0x52;
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
const I32_WRAP: u8 = 0xa7;
const I64_EXTEND_S: u8 = 0xac;
const I64_EXTEND_U: u8 = 0xad;
const F32_CONVERT_I32_S: u8 = 0xb2;
const F32_DEMOTE: u8 = 0xb6;
const F64_CONVERT_I32_S: u8 = 0xb7;
const F64_CONVERT_I64_S: u8 = 0xb9;
const F64_PROMOTE: u8 = 0xbb;
const I32_REINTERPRET: u8 = 0xbc;
const I64_REINTERPRET: u8 = 0xbd;

// Of the locals of each width: operands, result, what the computation of errors needs.
const A: u32 = 0;
const B: u32 = 1;
const C: u32 = 2;
const R: u32 = 3;
const T: u32 = 4;

const NEAREST_EVEN: u32 = 0;
const TO_ZERO: u32 = 1;
const DOWN: u32 = 2;
const UP: u32 = 3;
const DYNAMIC: u32 = 7;

const TWO_TO_31: f64 = 2147483648.0;
const TWO_TO_63: f64 = TWO_TO_31 * TWO_TO_31 * 2.0;

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

function checkOn(): void {
  if (isOn) return;
  isOn = true;
  emitLoadState(I32_LOAD, FS);
  leaveUnless();
}

function markDirty(): void {
  if (isDirty) return;
  isDirty = true;
  emitState();
  emitConst32(3);
  emitAccess(I32_STORE, FS);
}

function begin(double: bool): void {
  isDouble = double;
  checkOn();
}

function modeOf(word: u32): u32 {
  return (word >>> 12) & 7;
}

function rs3(word: u32): u32 {
  return word >>> 27;
}

/** Whether an instruction rounds to nearest even, which a dynamic mode is checked to be. */
function roundsToNearest(word: u32): bool {
  const mode = modeOf(word);
  if (mode != DYNAMIC) return mode == NEAREST_EVEN;
  if (!isNearest) {
    isNearest = true;
    emitLoadState(I32_LOAD, FRM);
    leaveIf();
  }
  return true;
}

function addressOf(register: u32): usize {
  return F + ((<usize>register) << 3);
}

function arithmetic(opcode: u8): void {
  emit(isDouble ? opcode : opcode - SINGLE_ARITHMETIC);
}

function compare(opcode: u8): void {
  emit(isDouble ? opcode : opcode - SINGLE_COMPARISON);
}

function get(local: u32): void {
  emitGet((isDouble ? LOCAL_DOUBLES : LOCAL_SINGLES) + local);
}

function set(local: u32): void {
  emitSet((isDouble ? LOCAL_DOUBLES : LOCAL_SINGLES) + local);
}

function tee(local: u32): void {
  emitTee((isDouble ? LOCAL_DOUBLES : LOCAL_SINGLES) + local);
}

function constant(value: f64): void {
  if (isDouble) emitConstDouble(value);
  else emitConstSingle(<f32>value);
}

/** Leaves the unit unless a register holds a boxed single; any other is the canonical NaN to instructions on singles. */
function checkBoxed(register: u32): void {
  if (isDouble || (boxed >>> register) & 1) return;
  boxed |= (<u32>1) << register;
  emitLoadState(I32_LOAD, addressOf(register) + 4);
  emitConst32(-1);
  emit(I32_NE);
  leaveIf();
}

/** Leaves a register's value on the stack; singles have been checked. */
function fetch(register: u32): void {
  emitLoadState(isDouble ? F64_LOAD : F32_LOAD, addressOf(register));
}

/** Sets local A, and B if there is a second operand; leaves them on the stack, in this order. */
function fetchOperands(word: u32, two: bool): void {
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
function finish(word: u32): void {
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
function isCounted(local: u32, fromZero: bool): void {
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
function isNotZero(local: u32): void {
  get(local);
  constant(0);
  compare(NE);
}

function isNotFinite(local: u32): void {
  get(local);
  get(local);
  arithmetic(SUB);
  constant(0);
  compare(NE);
}

/** Begins code for when "inexact" is not raised; `endInexact` ends it, with whether it is to be on the stack. */
function beginInexact(): void {
  emitLoadState(I32_LOAD, FFLAGS);
  emitConst32(1);
  emit(I32_AND);
  emit(I32_EQZ);
  beginUnlikely();
  emitState();
  emitLoadState(I32_LOAD, FFLAGS);
}

function endInexact(): void {
  emit(I32_OR);
  emitAccess(I32_STORE, FFLAGS);
  endLabel();
}

/** Leaves a local widened to a double on the stack. */
function promoted(local: u32): void {
  get(local);
  emit(F64_PROMOTE);
}

/** Leaves x · y + z, rounded once, on the stack: double locals, the first or the last negated. */
function multiplyAdd(x: u32, y: u32, z: u32, negated: u32): void {
  splat(x, negated == x);
  splat(y, false);
  splat(z, negated == z);
  emitPrefixed(0xfd, 0x107);
  emitPrefixed(0xfd, 0x21);
  emit(0);
}

const NONE: u32 = 5;

function splat(local: u32, negated: bool): void {
  emitGet(LOCAL_DOUBLES + local);
  if (negated) emit(NEG);
  emitPrefixed(0xfd, 0x14);
}

/** Leaves on the stack whether x + y was rounded to give R: by Knuth's algorithm, with local `t` to work in. */
function isSumRounded(x: u32, y: u32, t: u32): void {
  get(R);
  get(x);
  arithmetic(SUB);
  set(t);
  get(x);
  get(R);
  get(t);
  arithmetic(SUB);
  arithmetic(SUB);
  get(y);
  get(t);
  arithmetic(SUB);
  arithmetic(ADD);
  constant(0);
  compare(NE);
}

/** Leaves on the stack whether neither of two locals is zero. */
function areNotZero(a: u32, b: u32): void {
  isNotZero(a);
  isNotZero(b);
  emit(I32_AND);
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

// Where these give back false, they cannot do the instruction: its exact function has to.

export function emitSum(word: u32, double: bool, subtract: bool): bool {
  begin(double);
  if (!roundsToNearest(word)) return false;
  fetchOperands(word, true);
  if (subtract) {
    arithmetic(NEG);
    tee(B);
  }
  arithmetic(ADD);
  set(R);
  isCounted(R, true);
  leaveUnless();
  beginInexact();
  isSumRounded(A, B, T);
  endInexact();
  finish(word);
  return true;
}

export function emitProduct(word: u32, double: bool): bool {
  begin(double);
  if (!roundsToNearest(word) || (double && !isFused)) return false;
  fetchOperands(word, true);
  arithmetic(MUL);
  set(R);
  isCounted(R, false);
  emit(I32_EQZ);
  beginUnlikely();
  isNotZero(R);
  areNotZero(A, B);
  emit(I32_OR);
  leaveIf();
  endLabel();
  beginInexact();
  if (double) {
    multiplyAdd(A, B, R, R);
    constant(0);
  } else {
    promoted(A);
    promoted(B);
    emit(MUL);
    promoted(R);
  }
  emit(NE);
  endInexact();
  finish(word);
  return true;
}

export function emitQuotient(word: u32, double: bool): bool {
  begin(double);
  if (!roundsToNearest(word) || (double && !isFused)) return false;
  fetchOperands(word, true);
  arithmetic(DIV);
  set(R);
  isCounted(R, false);
  emit(I32_EQZ);
  beginUnlikely();
  isNotZero(R);
  isNotZero(A);
  emit(I32_OR);
  isNotFinite(B);
  emit(I32_OR);
  leaveIf();
  endLabel();
  beginInexact();
  emitRemainder(B);
  endInexact();
  finish(word);
  return true;
}

export function emitSquareRoot(word: u32, double: bool): bool {
  begin(double);
  if (!roundsToNearest(word) || (double && !isFused)) return false;
  fetchOperands(word, false);
  arithmetic(SQRT);
  tee(R);
  get(R);
  compare(EQ);
  leaveUnless();
  beginInexact();
  emitRemainder(R);
  endInexact();
  finish(word);
  return true;
}

/** Leaves on the stack whether A differs from R times a local. */
function emitRemainder(divisor: u32): void {
  if (isDouble) {
    isCounted(A, false);
    leaveUnless();
    multiplyAdd(R, divisor, A, R);
    constant(0);
  } else {
    promoted(R);
    promoted(divisor);
    emit(MUL);
    promoted(A);
  }
  emit(NE);
}

/** x · y + z with the signs of the product and of the addend as the instruction has them. */
export function emitFused(word: u32, double: bool, negateProduct: bool, negateAddend: bool): bool {
  begin(double);
  if (!roundsToNearest(word) || (double && !isFused)) return false;
  checkBoxed(rs1(word));
  checkBoxed(rs2(word));
  checkBoxed(rs3(word));
  fetch(rs1(word));
  if (negateProduct) arithmetic(NEG);
  set(A);
  fetch(rs2(word));
  set(B);
  fetch(rs3(word));
  if (negateAddend) arithmetic(NEG);
  set(C);
  if (double) multiplyAdd(A, B, C, NONE);
  else emitSingleFused();
  set(R);
  isCounted(R, false);
  emit(I32_EQZ);
  beginUnlikely();
  isNotZero(R);
  isNotZero(C);
  emit(I32_OR);
  areNotZero(A, B);
  emit(I32_OR);
  leaveIf();
  endLabel();
  beginInexact();
  if (double) isFusedRounded();
  else isSingleFusedRounded();
  endInexact();
  finish(word);
  return true;
}

/** Leaves on the stack whether A · B + C was rounded to give R; leaves the unit where the product alone was rounded. */
function isFusedRounded(): void {
  get(A);
  get(B);
  arithmetic(MUL);
  set(T);
  isCounted(T, false);
  emit(I32_EQZ);
  areNotZero(A, B);
  emit(I32_AND);
  multiplyAdd(A, B, T, T);
  constant(0);
  compare(NE);
  emit(I32_OR);
  leaveIf();
  isSumRounded(T, C, A);
}

/**
 * Leaves A · B + C of singles on the stack. The product is an exact double (T); the sum with C (R), rounded once more, is
 * the right single unless it lies halfway between two of them.
 */
function emitSingleFused(): void {
  promoted(A);
  promoted(B);
  emit(MUL);
  emitTee(LOCAL_DOUBLES + T);
  promoted(C);
  emitTee(LOCAL_DOUBLES + C);
  emit(ADD);
  emitTee(LOCAL_DOUBLES + R);
  emit(I64_REINTERPRET);
  emitConst64(0x1fffffff);
  emit(I64_AND);
  emitConst64(0x10000000);
  emit(I64_EQ);
  leaveIf();
  emitGet(LOCAL_DOUBLES + R);
  emit(F32_DEMOTE);
}

function isSingleFusedRounded(): void {
  promoted(R);
  emitGet(LOCAL_DOUBLES + R);
  emit(NE);
  isDouble = true;
  isSumRounded(T, C, A);
  isDouble = false;
  emit(I32_OR);
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

/** A single to a double. */
export function emitWiden(word: u32): void {
  begin(false);
  fetchOperands(word, false);
  get(A);
  compare(EQ);
  leaveUnless();
  promoted(A);
  isDouble = true;
  set(R);
  finish(word);
}

/** A double to a single. */
export function emitNarrow(word: u32): bool {
  begin(true);
  if (!roundsToNearest(word)) return false;
  fetchOperands(word, false);
  emit(F32_DEMOTE);
  isDouble = false;
  set(R);
  isCounted(R, false);
  emit(I32_EQZ);
  beginUnlikely();
  emitGet(LOCAL_DOUBLES + A);
  emitConstDouble(0);
  emit(NE);
  leaveIf();
  endLabel();
  beginInexact();
  promoted(R);
  emitGet(LOCAL_DOUBLES + A);
  emit(NE);
  endInexact();
  finish(word);
  return true;
}

/** An integer to a float; `opcode` is the conversion to a double. */
export function emitFromInteger(word: u32, double: bool, opcode: u8): bool {
  begin(double);
  if (!roundsToNearest(word)) return false;
  const isWord = opcode < F64_CONVERT_I64_S;
  const isUnsigned = ((opcode - F64_CONVERT_I32_S) & 1) != 0;
  const convert: u8 = double ? opcode : opcode - (F64_CONVERT_I32_S - F32_CONVERT_I32_S);
  getRegister(rs1(word));
  if (isWord) emit(I32_WRAP);
  emit(convert);
  set(R);
  if (!(double && isWord)) {
    beginInexact();
    if (isWord) {
      promoted(R);
      getRegister(rs1(word));
      emit(I32_WRAP);
      emit(opcode);
      emit(NE);
    } else {
      get(R);
      emitPrefixed(0xfc, (isDouble ? 6 : 4) + <u32>isUnsigned);
      getRegister(rs1(word));
      emit(I64_NE);
      // Rounded up to what no integer of this kind is, which the way back makes the greatest of them.
      get(R);
      constant(isUnsigned ? 2 * TWO_TO_63 : TWO_TO_63);
      compare(EQ);
      emit(I32_OR);
    }
    endInexact();
  }
  finish(word);
  return true;
}

/** A float to an integer: `kind` is 0 for i32, 1 for u32, 2 for i64, 3 for u64. */
export function emitToInteger(word: u32, double: bool, kind: u32): bool {
  begin(double);
  const mode = modeOf(word);
  if (mode != TO_ZERO && mode != DOWN && mode != UP && !roundsToNearest(word)) return false;
  const isWord = kind < 2;
  const isUnsigned = kind & 1;
  fetchOperands(word, false);
  arithmetic(mode == TO_ZERO ? TRUNC : mode == DOWN ? FLOOR : mode == UP ? CEIL : NEAREST);
  tee(R);
  const bound = isWord ? TWO_TO_31 : TWO_TO_63;
  constant(isUnsigned ? 0 : -bound);
  compare(GE);
  get(R);
  constant(isUnsigned ? 2 * bound : bound);
  compare(LT);
  emit(I32_AND);
  leaveUnless();
  beginInexact();
  get(R);
  get(A);
  compare(NE);
  endInexact();
  get(R);
  emitPrefixed(0xfc, (isWord ? 0 : 4) + (double ? 2 : 0) + isUnsigned);
  if (isWord) emit(I64_EXTEND_S);
  setRegister(rd(word));
  return true;
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
