// The floating-point instructions' view of machine/float: NaN boxing, sign injection, the fused forms, rounding modes
// (RISC-V Unprivileged 20240411, chapters 20 and 21).

import { f32Add, f32Sub, f64Add, f64Sub } from '../float/add.ts';
import { f32Classify, f64Classify } from '../float/classify.ts';
import {
  f32Eq,
  f32Le,
  f32Lt,
  f32Max,
  f32Min,
  f64Eq,
  f64Le,
  f64Lt,
  f64Max,
  f64Min,
} from '../float/compare.ts';
import { f32ToF64, f64ToF32 } from '../float/convert-format.ts';
import { f32Div, f64Div } from '../float/divide.ts';
import {
  i32ToF32,
  i32ToF64,
  i64ToF32,
  i64ToF64,
  u32ToF32,
  u32ToF64,
  u64ToF32,
  u64ToF64,
} from '../float/from-integer.ts';
import { f32Mul, f64Mul } from '../float/multiply.ts';
import { f32MulAdd, f64MulAdd } from '../float/multiply-add.ts';
import { f32Sqrt, f64Sqrt } from '../float/square-root.ts';
import {
  f32ToI32,
  f32ToI64,
  f32ToU32,
  f32ToU64,
  f64ToI32,
  f64ToI64,
  f64ToU32,
  f64ToU64,
} from '../float/to-integer.ts';
import { FRM, FS } from './state.ts';

const SIGN32: u32 = 0x80000000;
const SIGN64: u64 = 0x8000000000000000;

export function boxed(value: u32): u64 {
  return <u64>value | 0xffffffff00000000;
}

/** A register that holds no boxed value reads as the canonical NaN. */
export function unboxed(bits: u64): u32 {
  return bits >= 0xffffffff00000000 ? <u32>bits : 0x7fc00000;
}

/** The rounding mode that an instruction's field chooses, or -1 when the instruction is illegal now. */
export function roundingMode(field: u32): i32 {
  if (!load<u32>(FS)) return -1;
  if (field != 7) return <i32>field;
  const dynamic = load<u32>(FRM);
  return dynamic > 4 ? -1 : <i32>dynamic;
}

export function f32Bits(bits: u64): i64 {
  return <i64>(<i32>bits);
}

export function f64Bits(bits: u64): i64 {
  return bits;
}

export function f32FromBits(bits: u64): u32 {
  return <u32>bits;
}

export function f64FromBits(bits: u64): u64 {
  return bits;
}

/** Exact, whatever the rounding mode. */
export function f32Widen(a: u32, _rm: u32): u64 {
  return f32ToF64(a);
}

export function f32CopySign(a: u32, b: u32): u32 {
  return (a & ~SIGN32) | (b & SIGN32);
}

export function f32CopySignNegated(a: u32, b: u32): u32 {
  return (a & ~SIGN32) | (~b & SIGN32);
}

export function f32XorSign(a: u32, b: u32): u32 {
  return a ^ (b & SIGN32);
}

export function f64CopySign(a: u64, b: u64): u64 {
  return (a & ~SIGN64) | (b & SIGN64);
}

export function f64CopySignNegated(a: u64, b: u64): u64 {
  return (a & ~SIGN64) | (~b & SIGN64);
}

export function f64XorSign(a: u64, b: u64): u64 {
  return a ^ (b & SIGN64);
}

export function f32FusedAdd(a: u32, b: u32, c: u32, rm: u32): u32 {
  return f32MulAdd(a, b, c, rm);
}

export function f32FusedSubtract(a: u32, b: u32, c: u32, rm: u32): u32 {
  return f32MulAdd(a, b, c ^ SIGN32, rm);
}

export function f32NegatedFusedSubtract(a: u32, b: u32, c: u32, rm: u32): u32 {
  return f32MulAdd(a ^ SIGN32, b, c, rm);
}

export function f32NegatedFusedAdd(a: u32, b: u32, c: u32, rm: u32): u32 {
  return f32MulAdd(a ^ SIGN32, b, c ^ SIGN32, rm);
}

export function f64FusedAdd(a: u64, b: u64, c: u64, rm: u32): u64 {
  return f64MulAdd(a, b, c, rm);
}

export function f64FusedSubtract(a: u64, b: u64, c: u64, rm: u32): u64 {
  return f64MulAdd(a, b, c ^ SIGN64, rm);
}

export function f64NegatedFusedSubtract(a: u64, b: u64, c: u64, rm: u32): u64 {
  return f64MulAdd(a ^ SIGN64, b, c, rm);
}

export function f64NegatedFusedAdd(a: u64, b: u64, c: u64, rm: u32): u64 {
  return f64MulAdd(a ^ SIGN64, b, c ^ SIGN64, rm);
}

export {
  f32Add,
  f32Classify,
  f32Div,
  f32Eq,
  f32Le,
  f32Lt,
  f32Max,
  f32Min,
  f32Mul,
  f32Sqrt,
  f32Sub,
  f32ToI32,
  f32ToI64,
  f32ToU32,
  f32ToU64,
  f64Add,
  f64Classify,
  f64Div,
  f64Eq,
  f64Le,
  f64Lt,
  f64Max,
  f64Min,
  f64Mul,
  f64Sqrt,
  f64Sub,
  f64ToF32,
  f64ToI32,
  f64ToI64,
  f64ToU32,
  f64ToU64,
  i32ToF32,
  i32ToF64,
  i64ToF32,
  i64ToF64,
  u32ToF32,
  u32ToF64,
  u64ToF32,
  u64ToF64,
};
