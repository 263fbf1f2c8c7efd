// The test module: every floating-point operation by number, on 64-bit words, with the fast paths or without.
// The numbers are indices into `operations` in operations.ts and oracle.c.

import { FFLAGS } from '../../hart/state.ts';
import {
  f32Add,
  f32AddExact,
  f32Sub,
  f32SubExact,
  f64Add,
  f64AddExact,
  f64Sub,
  f64SubExact,
} from '../add.ts';
import { f32Classify, f64Classify } from '../classify.ts';
import { f32Eq, f32Le, f32Lt, f32Max, f32Min, f64Eq, f64Le, f64Lt, f64Max, f64Min } from '../compare.ts';
import { f32ToF64, f64ToF32, f64ToF32Exact } from '../convert-format.ts';
import { f32Div, f32DivExact, f64Div, f64DivExact } from '../divide.ts';
import {
  i32ToF32,
  i32ToF64,
  i64ToF32,
  i64ToF32Exact,
  i64ToF64,
  i64ToF64Exact,
  u32ToF32,
  u32ToF64,
  u64ToF32,
  u64ToF32Exact,
  u64ToF64,
  u64ToF64Exact,
} from '../from-integer.ts';
import { f32Mul, f32MulExact, f64Mul, f64MulExact } from '../multiply.ts';
import { f32MulAdd, f32MulAddExact, f64MulAdd, f64MulAddExact } from '../multiply-add.ts';
import { f32Sqrt, f32SqrtExact, f64Sqrt, f64SqrtExact } from '../square-root.ts';
import {
  f32ToI32,
  f32ToI64,
  f32ToU32,
  f32ToU64,
  f64ToI32,
  f64ToI64,
  f64ToU32,
  f64ToU64,
} from '../to-integer.ts';

function withFastPaths(operation: u32, rm: u32, a: u64, b: u64, c: u64): u64 {
  switch (operation) {
    case 0:
      return f32Add(<u32>a, <u32>b, rm);
    case 1:
      return f32Sub(<u32>a, <u32>b, rm);
    case 2:
      return f32Mul(<u32>a, <u32>b, rm);
    case 3:
      return f32Div(<u32>a, <u32>b, rm);
    case 4:
      return f32Sqrt(<u32>a, rm);
    case 5:
      return f32MulAdd(<u32>a, <u32>b, <u32>c, rm);
    case 6:
      return f32Min(<u32>a, <u32>b);
    case 7:
      return f32Max(<u32>a, <u32>b);
    case 8:
      return f32Eq(<u32>a, <u32>b);
    case 9:
      return f32Lt(<u32>a, <u32>b);
    case 10:
      return f32Le(<u32>a, <u32>b);
    case 11:
      return f32Classify(<u32>a);
    case 12:
      return f32ToI32(<u32>a, rm);
    case 13:
      return f32ToU32(<u32>a, rm);
    case 14:
      return f32ToI64(<u32>a, rm);
    case 15:
      return f32ToU64(<u32>a, rm);
    case 16:
      return i32ToF32(<i32>a, rm);
    case 17:
      return u32ToF32(<u32>a, rm);
    case 18:
      return i64ToF32(<i64>a, rm);
    case 19:
      return u64ToF32(a, rm);
    case 20:
      return f64Add(a, b, rm);
    case 21:
      return f64Sub(a, b, rm);
    case 22:
      return f64Mul(a, b, rm);
    case 23:
      return f64Div(a, b, rm);
    case 24:
      return f64Sqrt(a, rm);
    case 25:
      return f64MulAdd(a, b, c, rm);
    case 26:
      return f64Min(a, b);
    case 27:
      return f64Max(a, b);
    case 28:
      return f64Eq(a, b);
    case 29:
      return f64Lt(a, b);
    case 30:
      return f64Le(a, b);
    case 31:
      return f64Classify(a);
    case 32:
      return f64ToI32(a, rm);
    case 33:
      return f64ToU32(a, rm);
    case 34:
      return f64ToI64(a, rm);
    case 35:
      return f64ToU64(a, rm);
    case 36:
      return i32ToF64(<i32>a, rm);
    case 37:
      return u32ToF64(<u32>a, rm);
    case 38:
      return i64ToF64(<i64>a, rm);
    case 39:
      return u64ToF64(a, rm);
    case 40:
      return f64ToF32(a, rm);
    case 41:
      return f32ToF64(<u32>a);
    default:
      return unreachable();
  }
}

/** Operations that have no fast path have one form only. */
function withoutFastPaths(operation: u32, rm: u32, a: u64, b: u64, c: u64): u64 {
  switch (operation) {
    case 0:
      return f32AddExact(<u32>a, <u32>b, rm);
    case 1:
      return f32SubExact(<u32>a, <u32>b, rm);
    case 2:
      return f32MulExact(<u32>a, <u32>b, rm);
    case 3:
      return f32DivExact(<u32>a, <u32>b, rm);
    case 4:
      return f32SqrtExact(<u32>a, rm);
    case 5:
      return f32MulAddExact(<u32>a, <u32>b, <u32>c, rm);
    case 18:
      return i64ToF32Exact(<i64>a, rm);
    case 19:
      return u64ToF32Exact(a, rm);
    case 20:
      return f64AddExact(a, b, rm);
    case 21:
      return f64SubExact(a, b, rm);
    case 22:
      return f64MulExact(a, b, rm);
    case 23:
      return f64DivExact(a, b, rm);
    case 24:
      return f64SqrtExact(a, rm);
    case 25:
      return f64MulAddExact(a, b, c, rm);
    case 38:
      return i64ToF64Exact(<i64>a, rm);
    case 39:
      return u64ToF64Exact(a, rm);
    case 40:
      return f64ToF32Exact(a, rm);
    default:
      return withFastPaths(operation, rm, a, b, c);
  }
}

/** One operation. `flags` is what fflags held before; `accruedFlags` says what it holds after. */
export function calculate(operation: u32, rm: u32, a: u64, b: u64, c: u64, flags: u32, fast: bool): u64 {
  store<u32>(FFLAGS, flags);
  return fast ? withFastPaths(operation, rm, a, b, c) : withoutFastPaths(operation, rm, a, b, c);
}

export function accruedFlags(): u32 {
  return load<u32>(FFLAGS);
}

/**
 * Index of the first of `count` records that does not come out as it says, or `count`. A record is 40 bytes:
 * operation, rounding mode, flags (bytes 0 to 2), three operands and the result (words at 8, 16, 24 and 32).
 */
export function firstMismatch(records: usize, count: u32, flags: u32, fast: bool): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const record = records + <usize>i * 40;
    const a = load<u64>(record, 8);
    const b = load<u64>(record, 16);
    const c = load<u64>(record, 24);
    const result = calculate(load<u8>(record), load<u8>(record, 1), a, b, c, flags, fast);
    if (result != load<u64>(record, 32) || accruedFlags() != (flags | load<u8>(record, 2))) return i;
  }
  return count;
}

/** Repeats one operation on `count` operand triples of 24 bytes each; for timing. Folds the results. */
export function repeat(operation: u32, rm: u32, operands: usize, count: u32, fast: bool): u64 {
  let folded: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = operands + <usize>i * 24;
    const a = load<u64>(at);
    const b = load<u64>(at, 8);
    const c = load<u64>(at, 16);
    folded ^= fast ? withFastPaths(operation, rm, a, b, c) : withoutFastPaths(operation, rm, a, b, c);
  }
  return folded;
}
