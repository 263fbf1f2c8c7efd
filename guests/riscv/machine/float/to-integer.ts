// Conversions to integers (IEEE 754-2019 §5.8; RISC-V Unprivileged, FCVT.{W,WU,L,LU}.{S,D}).
//
// Results are register values: 32-bit ones, unsigned ones too, come sign-extended to 64 bits, as FCVT.W and
// FCVT.WU write them. Out of range saturates, NaNs become the largest integer, both with the invalid flag alone.
//
// All of it is native arithmetic in every rounding mode: rounding to an integral binary64 is exact work, and
// "did it change the value" is the inexact flag.
import { INEXACT, INVALID, raiseFlags } from './flags.ts';
import { widen } from './format.ts';
import { ROUND_DOWN, ROUND_NEAREST_EVEN, ROUND_NEAREST_MAX_MAGNITUDE, ROUND_UP } from './round-pack.ts';

const TWO_TO_63: f64 = 2147483648.0 * 4294967296.0;
const TWO_TO_64: f64 = 4294967296.0 * 4294967296.0;

function roundToIntegral(x: f64, rm: u32): f64 {
  switch (rm) {
    case ROUND_NEAREST_EVEN:
      return nearest<f64>(x);
    case ROUND_DOWN:
      return floor<f64>(x);
    case ROUND_UP:
      return ceil<f64>(x);
    case ROUND_NEAREST_MAX_MAGNITUDE: {
      // The fraction is exact, and where it is not zero the numbers are small enough for the sum to be.
      const whole = trunc<f64>(x);
      return abs<f64>(x - whole) >= 0.5 ? whole + copysign<f64>(1, x) : whole;
    }
    default:
      return trunc<f64>(x);
  }
}

function noteChange(x: f64, rounded: f64): void {
  if (x != rounded) raiseFlags(INEXACT);
}

/** What an operand gives that no integer can represent: a NaN, or beyond one end of the range. */
function saturate(x: f64, lowest: u64, highest: u64): u64 {
  raiseFlags(INVALID);
  return x < 0 ? lowest : highest;
}

export function f64ToI32(a: u64, rm: u32): u64 {
  const x = reinterpret<f64>(a);
  const rounded = roundToIntegral(x, rm);
  if (!(rounded >= -2147483648.0 && rounded <= 2147483647.0))
    return saturate(x, 0xffffffff80000000, 0x7fffffff);
  noteChange(x, rounded);
  return <u64>(<i64>rounded);
}

export function f64ToU32(a: u64, rm: u32): u64 {
  const x = reinterpret<f64>(a);
  const rounded = roundToIntegral(x, rm);
  if (!(rounded >= 0.0 && rounded <= 4294967295.0)) return saturate(x, 0, u64.MAX_VALUE);
  noteChange(x, rounded);
  return <u64>(<i64>(<i32>(<u32>rounded)));
}

export function f64ToI64(a: u64, rm: u32): u64 {
  const x = reinterpret<f64>(a);
  const rounded = roundToIntegral(x, rm);
  if (!(rounded >= -TWO_TO_63 && rounded < TWO_TO_63))
    return saturate(x, <u64>i64.MIN_VALUE, <u64>i64.MAX_VALUE);
  noteChange(x, rounded);
  return <u64>(<i64>rounded);
}

export function f64ToU64(a: u64, rm: u32): u64 {
  const x = reinterpret<f64>(a);
  const rounded = roundToIntegral(x, rm);
  if (!(rounded >= 0.0 && rounded < TWO_TO_64)) return saturate(x, 0, u64.MAX_VALUE);
  noteChange(x, rounded);
  return <u64>rounded;
}

// A binary32 NaN stays a NaN when widened natively, which is all that matters here.

export function f32ToI32(a: u32, rm: u32): u64 {
  return f64ToI32(widen(a), rm);
}

export function f32ToU32(a: u32, rm: u32): u64 {
  return f64ToU32(widen(a), rm);
}

export function f32ToI64(a: u32, rm: u32): u64 {
  return f64ToI64(widen(a), rm);
}

export function f32ToU64(a: u32, rm: u32): u64 {
  return f64ToU64(widen(a), rm);
}
