// binary32 and binary64 as raw bits (IEEE 754-2019 §3.4). `F` is u32 or u64, the type that holds the bits, so
// that one source serves both formats; everything here folds to constants and a few instructions.
//
// Arithmetic is written once, over binary64: every binary32 value is also a binary64 value, and only the last
// step (round-pack.ts) knows the format of the result.

/** Width of the stored fraction. */
export function fractionBits<F>(): i32 {
  return sizeof<F>() == 4 ? 23 : 52;
}

export function exponentBias<F>(): i32 {
  return sizeof<F>() == 4 ? 127 : 1023;
}

/** The exponent field of infinities and NaNs. */
export function exponentMax<F>(): i32 {
  return sizeof<F>() == 4 ? 0xff : 0x7ff;
}

export function signBit<F>(): F {
  return (<F>1) << (<F>(sizeof<F>() * 8 - 1));
}

export function fractionMask<F>(): F {
  return ((<F>1) << (<F>fractionBits<F>())) - 1;
}

/** Positive infinity; its bits are also the mask of the exponent field. */
export function infinity<F>(): F {
  return (<F>exponentMax<F>()) << (<F>fractionBits<F>());
}

/** The only NaN that arithmetic returns (RISC-V Unprivileged, "NaN Generation and Propagation"). */
export function canonicalNan<F>(): F {
  return infinity<F>() | ((<F>1) << (<F>(fractionBits<F>() - 1)));
}

export function isNegative<F>(a: F): bool {
  return (a & signBit<F>()) != 0;
}

export function magnitude<F>(a: F): F {
  return a & ~signBit<F>();
}

export function isNan<F>(a: F): bool {
  return magnitude<F>(a) > infinity<F>();
}

export function isInfinite<F>(a: F): bool {
  return magnitude<F>(a) == infinity<F>();
}

export function isZero<F>(a: F): bool {
  return magnitude<F>(a) == 0;
}

/** A NaN whose fraction's top bit is clear: touching it is an invalid operation. */
export function isSignallingNan<F>(a: F): bool {
  return isNan<F>(a) && (a & ((<F>1) << (<F>(fractionBits<F>() - 1)))) == 0;
}

export function exponentField<F>(a: F): i32 {
  return <i32>(magnitude<F>(a) >> <F>fractionBits<F>());
}

/** Exponent of the leading one: 2^exponent ≤ |a| < 2^(exponent + 1). `a` is a finite binary64, not zero. */
export function leadingExponent(a: u64): i32 {
  const field = exponentField<u64>(a);
  if (field != 0) return field - 1023;
  return -1011 - <i32>clz<u64>(magnitude<u64>(a));
}

/** Significand with its leading one moved to bit 63. `a` is a finite binary64, not zero. */
export function leadingSignificand(a: u64): u64 {
  const fraction = a & 0xfffffffffffff;
  if (exponentField<u64>(a) != 0) return ((<u64>1) << 63) | (fraction << 11);
  return fraction << clz<u64>(fraction);
}

/** The binary64 with the same value as a binary32 that is not a NaN. Always exact. */
export function widen(a: u32): u64 {
  return reinterpret<u64>(<f64>reinterpret<f32>(a));
}
