// Conversions between floats and integers, and between the widths. Functions that give back false cannot do the
// instruction: its exact function has to.
import { beginUnlikely, endLabel, rd, rs1 } from './emit.ts';
import {
  A,
  arithmetic,
  begin,
  beginInexact,
  compare,
  constant,
  DOWN,
  endInexact,
  fetchOperands,
  finish,
  get,
  isCounted,
  modeOf,
  promoted,
  R,
  roundsToNearest,
  set,
  setWidth,
  TO_ZERO,
  tee,
  UP,
} from './float.ts';
import { leaveIf, leaveUnless } from './leave.ts';
import { LOCAL_DOUBLES } from './locals.ts';
import { getRegister, setRegister } from './registers.ts';
import { emit, emitConstDouble, emitGet, emitPrefixed } from './wasm-writer.ts';

const EQ: u8 = 0x61;
const NE: u8 = 0x62;
const LT: u8 = 0x63;
const GE: u8 = 0x66;
const CEIL: u8 = 0x9b;
const FLOOR: u8 = 0x9c;
const TRUNC: u8 = 0x9d;
const NEAREST: u8 = 0x9e;
const I32_EQZ: u8 = 0x45;
const I64_NE: u8 = 0x52;
const I32_AND: u8 = 0x71;
const I32_OR: u8 = 0x72;
const I32_WRAP: u8 = 0xa7;
const I64_EXTEND_S: u8 = 0xac;
const F32_CONVERT_I32_S: u8 = 0xb2;
const F32_DEMOTE: u8 = 0xb6;
const F64_CONVERT_I32_S: u8 = 0xb7;
const F64_CONVERT_I64_S: u8 = 0xb9;

const TWO_TO_31: f64 = 2147483648.0;
const TWO_TO_63: f64 = TWO_TO_31 * TWO_TO_31 * 2.0;

/** A single to a double. */
export function emitWiden(word: u32): void {
  begin(false);
  fetchOperands(word, false);
  get(A);
  compare(EQ);
  leaveUnless();
  promoted(A);
  setWidth(true);
  set(R);
  finish(word);
}

/** A double to a single. */
export function emitNarrow(word: u32): bool {
  begin(true);
  if (!roundsToNearest(word)) return false;
  fetchOperands(word, false);
  emit(F32_DEMOTE);
  setWidth(false);
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
      emitPrefixed(0xfc, (double ? 6 : 4) + <u32>isUnsigned);
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
