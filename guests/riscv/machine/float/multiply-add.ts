// Fused multiply-add, a × b + c rounded once (IEEE 754-2019 §5.4.1; RISC-V Unprivileged, "F" chapter: infinity
// times zero is invalid even where the addend is a quiet NaN). FMSUB, FNMADD and FNMSUB are this with the signs
// of operands flipped by the caller.
import { isExactSum, roundedSum } from './add.ts';
import { INVALID, isInexactRaised, raiseFlags } from './flags.ts';
import {
  canonicalNan,
  infinity,
  isInfinite,
  isNan,
  isNegative,
  isSignallingNan,
  isZero,
  leadingExponent,
  leadingSignificand,
  magnitude,
  signBit,
  widen,
} from './format.ts';
import { isFused, relaxedMulAdd } from './fused.ts';
import { f64MulExact, isExactProduct, isNormal } from './multiply.ts';
import { invalid } from './nan.ts';
import { ROUND_DOWN, ROUND_NEAREST_EVEN, roundPack } from './round-pack.ts';
import { multiplyHigh, shiftRightHigh, shiftRightLowSticky } from './wide.ts';

function isInvalidProduct<F>(a: F, b: F): bool {
  return (isInfinite<F>(a) && isZero<F>(b)) || (isZero<F>(a) && isInfinite<F>(b));
}

/** The result where an operand is infinite or a NaN. */
function specialMulAdd<F>(a: F, b: F, c: F): F {
  if (isNan<F>(a) || isNan<F>(b) || isNan<F>(c)) {
    const signals = isSignallingNan<F>(a) || isSignallingNan<F>(b) || isSignallingNan<F>(c);
    if (signals || isInvalidProduct<F>(a, b)) raiseFlags(INVALID);
    return canonicalNan<F>();
  }
  if (isInvalidProduct<F>(a, b)) return invalid<F>();
  if (!isInfinite<F>(a) && !isInfinite<F>(b)) return c;
  const product = infinity<F>() | ((a ^ b) & signBit<F>());
  return isInfinite<F>(c) && c != product ? invalid<F>() : product;
}

function areFinite<F>(a: F, b: F, c: F): bool {
  return (
    magnitude<F>(a) < infinity<F>() && magnitude<F>(b) < infinity<F>() && magnitude<F>(c) < infinity<F>()
  );
}

export function f32MulAddExact(a: u32, b: u32, c: u32, rm: u32): u32 {
  if (!areFinite<u32>(a, b, c)) return specialMulAdd<u32>(a, b, c);
  // The product is exact in binary64, signed zeros included.
  const product = reinterpret<f64>(widen(a)) * reinterpret<f64>(widen(b));
  return roundedSum<u32>(reinterpret<u64>(product), widen(c), rm);
}

export function f64MulAddExact(a: u64, b: u64, c: u64, rm: u32): u64 {
  if (!areFinite<u64>(a, b, c)) return specialMulAdd<u64>(a, b, c);
  if (isZero<u64>(a) || isZero<u64>(b)) return roundedSum<u64>((a ^ b) & signBit<u64>(), c, rm);
  if (isZero<u64>(c)) return f64MulExact(a, b, rm);
  return roundedProductSum(a, b, c, rm);
}

/**
 * a × b + c of finite binary64 numbers, none zero, in 128 bits whose bit 126 stands for 2^exponent. The product
 * has its leading one in bit 125 or 126, the addend in bit 126, so that their sum cannot overflow. The product
 * ends in 21 zero bits and the addend in 74: what falls off while aligning is then far below the rounding
 * position, since at most two leading bits cancel between magnitudes so different.
 */
function roundedProductSum(a: u64, b: u64, c: u64, rm: u32): u64 {
  const factorA = leadingSignificand(a);
  const factorB = leadingSignificand(b) >> 1;
  let productHigh = multiplyHigh(factorA, factorB);
  let productLow = factorA * factorB;
  let addendHigh = leadingSignificand(c) >> 1;
  let addendLow: u64 = 0;
  let exponent = leadingExponent(a) + leadingExponent(b) + 1;
  const distance = exponent - leadingExponent(c);
  if (distance >= 0) {
    addendLow = shiftRightLowSticky(addendHigh, addendLow, distance);
    addendHigh = shiftRightHigh(addendHigh, distance);
  } else {
    productLow = shiftRightLowSticky(productHigh, productLow, -distance);
    productHigh = shiftRightHigh(productHigh, -distance);
    exponent -= distance;
  }
  let negative = ((a ^ b) & signBit<u64>()) != 0;
  let high: u64;
  let low: u64;
  if (negative == isNegative<u64>(c)) {
    low = productLow + addendLow;
    high = productHigh + addendHigh + u64(low < productLow);
  } else {
    low = productLow - addendLow;
    high = productHigh - addendHigh - u64(productLow < addendLow);
    if (high >> 63 != 0) {
      // The addend was the larger one.
      negative = !negative;
      high = ~high + u64(low == 0);
      low = 0 - low;
    }
    if ((high | low) == 0) return rm == ROUND_DOWN ? signBit<u64>() : 0;
  }
  if (high == 0) {
    high = low;
    low = 0;
    exponent -= 64;
  }
  const shift = clz<u64>(high);
  // Shifting by 1 and then by the rest keeps the count below 64 where `shift` is zero.
  const significand = (high << shift) | ((low >> 1) >> (63 - shift)) | u64(low << shift != 0);
  return roundPack<u64>(negative, exponent + 1 - <i32>shift, significand, rm);
}

/**
 * Fast path: the product is exact in binary64, so that only the sum rounds before the result does. Rounding
 * twice differs from rounding once only where the sum lands halfway between two binary32 numbers; any other
 * sum lies on the same side of every such midpoint as the exact value does.
 */
export function f32MulAdd(a: u32, b: u32, c: u32, rm: u32): u32 {
  if (rm == ROUND_NEAREST_EVEN && isInexactRaised()) {
    const product = <f64>reinterpret<f32>(a) * <f64>reinterpret<f32>(b);
    const sum = product + <f64>reinterpret<f32>(c);
    const result = <f32>sum;
    if (abs<f32>(result) >= 2 * f32.MIN_NORMAL_VALUE && abs<f32>(result) < f32.POSITIVE_INFINITY) {
      if ((reinterpret<u64>(sum) & 0x1fffffff) != 0x10000000) return reinterpret<u32>(result);
    }
  }
  return f32MulAddExact(a, b, c, rm);
}

/**
 * Fast path: as for products (multiply.ts), on machines whose relaxed multiply-add is fused. Without the inexact
 * flag it serves where neither the product nor the sum rounds; the exact routine decides the rest.
 */
export function f64MulAdd(a: u64, b: u64, c: u64, rm: u32): u64 {
  if (rm == ROUND_NEAREST_EVEN && isFused) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const z = reinterpret<f64>(c);
    const result = relaxedMulAdd(x, y, z);
    if (abs<f64>(result) >= 2 * f64.MIN_NORMAL_VALUE && abs<f64>(result) < f64.POSITIVE_INFINITY) {
      if (isInexactRaised()) return reinterpret<u64>(result);
      const product = x * y;
      if (
        isNormal(a) &&
        isNormal(b) &&
        isNormal(reinterpret<u64>(product)) &&
        isExactProduct(a, b, reinterpret<u64>(product)) &&
        isExactSum<f64>(product, z, result)
      )
        return reinterpret<u64>(result);
    }
  }
  return f64MulAddExact(a, b, c, rm);
}
