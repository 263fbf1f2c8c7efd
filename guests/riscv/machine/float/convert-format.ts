// Conversions between binary32 and binary64 (IEEE 754-2019 §5.4.2; FCVT.S.D, FCVT.D.S).
import { isInexactRaised } from './flags.ts';
import {
  infinity,
  isNan,
  isNegative,
  isZero,
  leadingExponent,
  leadingSignificand,
  signBit,
  widen,
} from './format.ts';
import { nanResult } from './nan.ts';
import { ROUND_NEAREST_EVEN, roundPack } from './round-pack.ts';

/** Rounds a finite binary64 to format `F`. */
export function roundBinary64<F>(a: u64, rm: u32): F {
  const negative = isNegative<u64>(a);
  if (isZero<u64>(a)) return negative ? signBit<F>() : 0;
  return roundPack<F>(negative, leadingExponent(a), leadingSignificand(a), rm);
}

export function f64ToF32Exact(a: u64, rm: u32): u32 {
  if (isNan<u64>(a)) {
    nanResult<u64>(a, a);
    return 0x7fc00000;
  }
  if ((a & ~signBit<u64>()) == infinity<u64>()) return isNegative<u64>(a) ? 0xff800000 : 0x7f800000;
  return roundBinary64<u32>(a, rm);
}

export function f64ToF32(a: u64, rm: u32): u32 {
  const wide = reinterpret<f64>(a);
  const narrow = <f32>wide;
  // What comes back unchanged was exact, in every rounding mode. A NaN never does.
  if (<f64>narrow == wide) return reinterpret<u32>(narrow);
  if (rm == ROUND_NEAREST_EVEN && isInexactRaised()) {
    if (abs<f32>(narrow) >= 2 * f32.MIN_NORMAL_VALUE && abs<f32>(narrow) < f32.POSITIVE_INFINITY)
      return reinterpret<u32>(narrow);
  }
  return f64ToF32Exact(a, rm);
}

export function f32ToF64(a: u32): u64 {
  if (!isNan<u32>(a)) return widen(a);
  nanResult<u32>(a, a);
  return 0x7ff8000000000000;
}
