// Division (IEEE 754-2019 §5.4.1, division by zero §7.3).
import { DIVIDE_BY_ZERO, isInexactRaised, raiseFlags } from './flags.ts';
import {
  infinity,
  isInfinite,
  isNan,
  isZero,
  leadingExponent,
  leadingSignificand,
  signBit,
  widen,
} from './format.ts';
import { isExactProduct, isNormal, isOrdinary } from './multiply.ts';
import { invalid, nanResult } from './nan.ts';
import { ROUND_NEAREST_EVEN, roundPack } from './round-pack.ts';

/** The quotient where an operand is zero, infinite or a NaN. */
function specialQuotient<F>(a: F, b: F): F {
  if (isNan<F>(a) || isNan<F>(b)) return nanResult<F>(a, b);
  const sign = (a ^ b) & signBit<F>();
  if (isInfinite<F>(a)) return isInfinite<F>(b) ? invalid<F>() : sign | infinity<F>();
  if (isInfinite<F>(b)) return sign;
  if (!isZero<F>(b)) return sign;
  if (isZero<F>(a)) return invalid<F>();
  raiseFlags(DIVIDE_BY_ZERO);
  return sign | infinity<F>();
}

/**
 * a / b of two binary64 numbers that are neither zero nor infinite nor NaN, rounded once, to format `F`.
 *
 * The hardware's quotient of the significands, taken as integers, is right to half an ulp; the remainder then
 * fits in 64 bits and tells on which side of it the exact quotient lies. No quotient of 53-bit numbers is
 * halfway between two others, so that one unit in a place far below the last says all that rounding needs.
 */
function roundedQuotient<F>(a: u64, b: u64, rm: u32): F {
  const negative = ((a ^ b) & signBit<u64>()) != 0;
  let exponent = leadingExponent(a) - leadingExponent(b);
  const divisor = leadingSignificand(b) >> 11;
  let dividend = leadingSignificand(a) >> 11;
  if (dividend < divisor) {
    dividend <<= 1;
    exponent--;
  }
  // In [1, 2): 2 - 1/divisor at most, which rounds to 2 - 2^-52. Times 2^52 it is an integer of 53 bits.
  const quotient = <u64>((<f64>dividend / <f64>divisor) * 4503599627370496.0);
  const remainder = <i64>((dividend << 52) - quotient * divisor);
  // The leading one is in bit 63: a quotient rounded to exactly 1 cannot have been less than 1.
  const significand = (quotient << 11) + u64(remainder > 0) - u64(remainder < 0);
  return roundPack<F>(negative, exponent, significand, rm);
}

export function f32DivExact(a: u32, b: u32, rm: u32): u32 {
  if (!isOrdinary<u32>(a) || !isOrdinary<u32>(b)) return specialQuotient<u32>(a, b);
  return roundedQuotient<u32>(widen(a), widen(b), rm);
}

export function f64DivExact(a: u64, b: u64, rm: u32): u64 {
  if (!isOrdinary<u64>(a) || !isOrdinary<u64>(b)) return specialQuotient<u64>(a, b);
  return roundedQuotient<u64>(a, b, rm);
}

// Fast path: as for products, since a quotient that is finite and not zero had no zero or infinite operand.

export function f32Div(a: u32, b: u32, rm: u32): u32 {
  if (rm == ROUND_NEAREST_EVEN) {
    const x = reinterpret<f32>(a);
    const y = reinterpret<f32>(b);
    const quotient = x / y;
    if (abs<f32>(quotient) >= 2 * f32.MIN_NORMAL_VALUE && abs<f32>(quotient) < f32.POSITIVE_INFINITY) {
      if (isInexactRaised() || <f64>quotient * <f64>y == <f64>x) return reinterpret<u32>(quotient);
    }
  }
  return f32DivExact(a, b, rm);
}

export function f64Div(a: u64, b: u64, rm: u32): u64 {
  if (rm == ROUND_NEAREST_EVEN) {
    const y = reinterpret<f64>(b);
    const quotient = reinterpret<f64>(a) / y;
    if (abs<f64>(quotient) >= 2 * f64.MIN_NORMAL_VALUE && abs<f64>(quotient) < f64.POSITIVE_INFINITY) {
      const bits = reinterpret<u64>(quotient);
      if (isInexactRaised()) return bits;
      // Exact if multiplying back gives the dividend and does so without rounding.
      if (isNormal(a) && isNormal(b) && reinterpret<u64>(quotient * y) == a && isExactProduct(bits, b, a))
        return bits;
    }
  }
  return f64DivExact(a, b, rm);
}
