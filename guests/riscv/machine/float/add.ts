// Addition and subtraction (IEEE 754-2019 §5.4.1, signs of zeros §6.3).
import { isInexactRaised } from './flags.ts';
import {
  infinity,
  isInfinite,
  isNan,
  isNegative,
  isZero,
  leadingExponent,
  leadingSignificand,
  magnitude,
  signBit,
  widen,
} from './format.ts';
import { invalid, nanResult } from './nan.ts';
import { ROUND_DOWN, ROUND_NEAREST_EVEN, roundPack, shiftRightSticky } from './round-pack.ts';

/** a + b of two finite binary64 numbers, rounded once, to format `F`. */
export function roundedSum<F>(a: u64, b: u64, rm: u32): F {
  // `a` is the larger magnitude from here on, so that the difference of magnitudes has its sign.
  if (magnitude<u64>(a) < magnitude<u64>(b)) {
    const larger = b;
    b = a;
    a = larger;
  }
  const negative = isNegative<u64>(a);
  const differ = negative != isNegative<u64>(b);
  if (differ && magnitude<u64>(a) == magnitude<u64>(b)) return rm == ROUND_DOWN ? signBit<F>() : 0;
  if (isZero<u64>(a)) return negative ? signBit<F>() : 0;
  const exponent = leadingExponent(a);
  const significandA = leadingSignificand(a) >> 1;
  let significandB: u64 = 0;
  if (!isZero<u64>(b)) {
    // Bits fall off only from 10 places apart, where at most one bit cancels: the sticky bit stays below
    // the rounding position.
    significandB = shiftRightSticky(leadingSignificand(b) >> 1, exponent - leadingExponent(b));
  }
  const sum = differ ? significandA - significandB : significandA + significandB;
  const shift = <i32>clz<u64>(sum);
  return roundPack<F>(negative, exponent + 1 - shift, sum << shift, rm);
}

/** The sum where an operand is infinite or a NaN. */
function specialSum<F>(a: F, b: F): F {
  if (isNan<F>(a) || isNan<F>(b)) return nanResult<F>(a, b);
  if (!isInfinite<F>(a)) return b;
  if (isInfinite<F>(b) && a != b) return invalid<F>();
  return a;
}

function isFinitePair<F>(a: F, b: F): bool {
  return magnitude<F>(a) < infinity<F>() && magnitude<F>(b) < infinity<F>();
}

export function f32AddExact(a: u32, b: u32, rm: u32): u32 {
  if (!isFinitePair<u32>(a, b)) return specialSum<u32>(a, b);
  return roundedSum<u32>(widen(a), widen(b), rm);
}

export function f64AddExact(a: u64, b: u64, rm: u32): u64 {
  if (!isFinitePair<u64>(a, b)) return specialSum<u64>(a, b);
  return roundedSum<u64>(a, b, rm);
}

/**
 * Whether x + y == sum without rounding (Knuth's two-sum). Where an intermediate overflows, the error is not
 * zero: such sums count as inexact here, and the exact routine decides.
 */
export function isExactSum<T>(x: T, y: T, sum: T): bool {
  const yRounded = sum - x;
  const error = x - (sum - yRounded) + (y - yRounded);
  return error == 0;
}

// Fast path: a finite native sum is correctly rounded, cannot have overflowed, and cannot underflow either
// (sums below the normal range are exact). All that may be missing is the inexact flag.

export function f32Add(a: u32, b: u32, rm: u32): u32 {
  if (rm == ROUND_NEAREST_EVEN) {
    const x = reinterpret<f32>(a);
    const y = reinterpret<f32>(b);
    const sum = x + y;
    if (abs<f32>(sum) < f32.POSITIVE_INFINITY && (isInexactRaised() || isExactSum<f32>(x, y, sum)))
      return reinterpret<u32>(sum);
  }
  return f32AddExact(a, b, rm);
}

export function f64Add(a: u64, b: u64, rm: u32): u64 {
  if (rm == ROUND_NEAREST_EVEN) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const sum = x + y;
    if (abs<f64>(sum) < f64.POSITIVE_INFINITY && (isInexactRaised() || isExactSum<f64>(x, y, sum)))
      return reinterpret<u64>(sum);
  }
  return f64AddExact(a, b, rm);
}

// a - b is a + (-b): NaN operands lose nothing by it, since their sign is never looked at.

export function f32SubExact(a: u32, b: u32, rm: u32): u32 {
  return f32AddExact(a, b ^ signBit<u32>(), rm);
}

export function f64SubExact(a: u64, b: u64, rm: u32): u64 {
  return f64AddExact(a, b ^ signBit<u64>(), rm);
}

export function f32Sub(a: u32, b: u32, rm: u32): u32 {
  return f32Add(a, b ^ signBit<u32>(), rm);
}

export function f64Sub(a: u64, b: u64, rm: u32): u64 {
  return f64Add(a, b ^ signBit<u64>(), rm);
}
