// Square root (IEEE 754-2019 §5.4.1).
import { isInexactRaised } from './flags.ts';
import { infinity, isNan, isNegative, isZero, leadingExponent, leadingSignificand, widen } from './format.ts';
import { isExactProduct, isNormal } from './multiply.ts';
import { invalid, nanResult } from './nan.ts';
import { ROUND_NEAREST_EVEN, roundPack } from './round-pack.ts';

/**
 * The square root of a positive, finite binary64, rounded once, to format `F`. As in division, the hardware's
 * root of the significand is right to half an ulp and the remainder tells the side; a root is never halfway
 * between two 53-bit numbers either.
 */
function roundedRoot<F>(a: u64, rm: u32): F {
  const exponent = leadingExponent(a);
  // value = radicand × 2^even with radicand in [2^52, 2^54), an integer that binary64 holds exactly.
  const radicand = (leadingSignificand(a) >> 11) << (exponent & 1);
  // The root is in [2^26, 2^27): times 2^26 an integer of 53 bits.
  const root = <u64>(sqrt<f64>(<f64>radicand) * 67108864.0);
  const remainder = <i64>((radicand << 52) - root * root);
  const significand = (root << 11) + u64(remainder > 0) - u64(remainder < 0);
  return roundPack<F>(false, exponent >> 1, significand, rm);
}

/** The root where the operand is zero, negative, infinite or a NaN. */
function specialRoot<F>(a: F): F {
  if (isNan<F>(a)) return nanResult<F>(a, a);
  if (isZero<F>(a) || a == infinity<F>()) return a;
  return invalid<F>();
}

function hasOrdinaryRoot<F>(a: F): bool {
  return !isNegative<F>(a) && !isZero<F>(a) && a < infinity<F>();
}

export function f32SqrtExact(a: u32, rm: u32): u32 {
  return hasOrdinaryRoot<u32>(a) ? roundedRoot<u32>(widen(a), rm) : specialRoot<u32>(a);
}

export function f64SqrtExact(a: u64, rm: u32): u64 {
  return hasOrdinaryRoot<u64>(a) ? roundedRoot<u64>(a, rm) : specialRoot<u64>(a);
}

// Fast path: a root neither overflows nor underflows; what is positive and finite was an ordinary one.

export function f32Sqrt(a: u32, rm: u32): u32 {
  if (rm == ROUND_NEAREST_EVEN) {
    const x = reinterpret<f32>(a);
    const root = sqrt<f32>(x);
    if (root > 0 && root < f32.POSITIVE_INFINITY) {
      if (isInexactRaised() || <f64>root * <f64>root == <f64>x) return reinterpret<u32>(root);
    }
  }
  return f32SqrtExact(a, rm);
}

export function f64Sqrt(a: u64, rm: u32): u64 {
  if (rm == ROUND_NEAREST_EVEN) {
    const root = sqrt<f64>(reinterpret<f64>(a));
    if (root > 0 && root < f64.POSITIVE_INFINITY) {
      const bits = reinterpret<u64>(root);
      if (isInexactRaised()) return bits;
      if (isNormal(a) && reinterpret<u64>(root * root) == a && isExactProduct(bits, bits, a)) return bits;
    }
  }
  return f64SqrtExact(a, rm);
}
