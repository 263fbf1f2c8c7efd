// Float arithmetic in WebAssembly's own: sums, products, quotients, square roots, fused forms. Functions that give back
// false cannot do the instruction: its exact function has to.
import { isFused } from '../machine/float/fused.ts';
import { beginUnlikely, endLabel, rs1, rs2 } from './emit.ts';
import {
  A,
  arithmetic,
  B,
  begin,
  beginInexact,
  C,
  checkBoxed,
  compare,
  constant,
  endInexact,
  fetch,
  fetchOperands,
  finish,
  get,
  isCounted,
  isNotZero,
  promoted,
  R,
  roundsToNearest,
  rs3,
  set,
  setWidth,
  T,
  tee,
} from './float.ts';
import { leaveIf, leaveUnless } from './leave.ts';
import { LOCAL_DOUBLES } from './locals.ts';
import { emit, emitConst64, emitGet, emitPrefixed, emitTee } from './wasm-writer.ts';

const EQ: u8 = 0x61;
const NE: u8 = 0x62;
const NEG: u8 = 0x9a;
const SQRT: u8 = 0x9f;
const ADD: u8 = 0xa0;
const SUB: u8 = 0xa1;
const MUL: u8 = 0xa2;
const DIV: u8 = 0xa3;
const I32_EQZ: u8 = 0x45;
const I64_EQ: u8 = 0x51;
const I32_AND: u8 = 0x71;
const I32_OR: u8 = 0x72;
const I64_AND: u8 = 0x83;
const F32_DEMOTE: u8 = 0xb6;
const I64_REINTERPRET: u8 = 0xbd;

const NONE: u32 = 5;

/** Leaves x · y + z, rounded once, on the stack: double locals, the first or the last negated. */
function multiplyAdd(x: u32, y: u32, z: u32, negated: u32): void {
  splat(x, negated == x);
  splat(y, false);
  splat(z, negated == z);
  emitPrefixed(0xfd, 0x107);
  emitPrefixed(0xfd, 0x21);
  emit(0);
}

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

function isNotFinite(local: u32): void {
  get(local);
  get(local);
  arithmetic(SUB);
  constant(0);
  compare(NE);
}

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
  emitRemainder(B, double);
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
  emitRemainder(R, double);
  endInexact();
  finish(word);
  return true;
}

/** Leaves on the stack whether A differs from R times a local. */
function emitRemainder(divisor: u32, double: bool): void {
  if (double) {
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
  setWidth(true);
  isSumRounded(T, C, A);
  setWidth(false);
  emit(I32_OR);
}
