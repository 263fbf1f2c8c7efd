// Multiplication (IEEE 754-2019 §5.4.1).

import { roundBinary64 } from './convert-format.ts';
import { isInexactRaised } from './flags.ts';
import {
  exponentField,
  infinity,
  isNan,
  isZero,
  leadingExponent,
  leadingSignificand,
  magnitude,
  signBit,
  widen,
} from './format.ts';
import { invalid, nanResult } from './nan.ts';
import { ROUND_NEAREST_EVEN, roundPack } from './round-pack.ts';
import { multiplyHigh } from './wide.ts';

/** The product where an operand is zero, infinite or a NaN. */
function specialProduct<F>(a: F, b: F): F {
  if (isNan<F>(a) || isNan<F>(b)) return nanResult<F>(a, b);
  const sign = (a ^ b) & signBit<F>();
  if (!isZero<F>(a) && !isZero<F>(b)) return sign | infinity<F>();
  if (magnitude<F>(a) == infinity<F>() || magnitude<F>(b) == infinity<F>()) return invalid<F>();
  return sign;
}

/** Finite and not zero: what has a leading one to work on. Zero wraps to the largest number. */
export function isOrdinary<F>(a: F): bool {
  return magnitude<F>(a) - 1 < infinity<F>() - 1;
}

export function f32MulExact(a: u32, b: u32, rm: u32): u32 {
  if (!isOrdinary<u32>(a) || !isOrdinary<u32>(b)) return specialProduct<u32>(a, b);
  // 24 × 24 bits fit into binary64's 53, and the exponents into its range.
  const product = reinterpret<f64>(widen(a)) * reinterpret<f64>(widen(b));
  return roundBinary64<u32>(reinterpret<u64>(product), rm);
}

export function f64MulExact(a: u64, b: u64, rm: u32): u64 {
  if (!isOrdinary<u64>(a) || !isOrdinary<u64>(b)) return specialProduct<u64>(a, b);
  const significandA = leadingSignificand(a);
  const significandB = leadingSignificand(b);
  const high = multiplyHigh(significandA, significandB);
  const product = high | u64(significandA * significandB != 0);
  const exponent = leadingExponent(a) + leadingExponent(b);
  const negative = ((a ^ b) & signBit<u64>()) != 0;
  // The product of two numbers in [1, 2) is in [1, 4).
  if (high >> 63 != 0) return roundPack<u64>(negative, exponent + 1, product, rm);
  return roundPack<u64>(negative, exponent, product << 1, rm);
}

/**
 * Whether a × b == product without rounding. All three are normal, `product` is the native one. The exact
 * product of the significands has 105 or 106 bits, and the exponents tell which; what was rounded away is the
 * low 52 or 53 of them, which a wrapping multiplication yields.
 */
export function isExactProduct(a: u64, b: u64, product: u64): bool {
  const significandA = (a & 0xfffffffffffff) | 0x10000000000000;
  const significandB = (b & 0xfffffffffffff) | 0x10000000000000;
  const carry = exponentField<u64>(product) - exponentField<u64>(a) - exponentField<u64>(b) + 1023;
  return (significandA * significandB) << (12 - carry) == 0;
}

export function isNormal(a: u64): bool {
  return <u32>(exponentField<u64>(a) - 1) < 0x7fe;
}

// Fast path: a native result that is finite and clear of the subnormal range was neither an overflow nor tiny,
// and no operand was a NaN or infinite. All that may be missing is the inexact flag.

export function f32Mul(a: u32, b: u32, rm: u32): u32 {
  if (rm == ROUND_NEAREST_EVEN) {
    const exact = <f64>reinterpret<f32>(a) * <f64>reinterpret<f32>(b);
    const product = <f32>exact;
    if (abs<f32>(product) >= 2 * f32.MIN_NORMAL_VALUE && abs<f32>(product) < f32.POSITIVE_INFINITY) {
      if (isInexactRaised() || <f64>product == exact) return reinterpret<u32>(product);
    }
  }
  return f32MulExact(a, b, rm);
}

export function f64Mul(a: u64, b: u64, rm: u32): u64 {
  if (rm == ROUND_NEAREST_EVEN) {
    const product = reinterpret<f64>(a) * reinterpret<f64>(b);
    const bits = reinterpret<u64>(product);
    if (abs<f64>(product) >= 2 * f64.MIN_NORMAL_VALUE && abs<f64>(product) < f64.POSITIVE_INFINITY) {
      if (isInexactRaised()) return bits;
      if (isNormal(a) && isNormal(b) && isExactProduct(a, b, bits)) return bits;
    }
  }
  return f64MulExact(a, b, rm);
}
