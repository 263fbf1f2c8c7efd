// Comparisons, minimum and maximum (IEEE 754-2019 §5.6.1, §9.6; RISC-V Unprivileged, FEQ, FLT, FLE, FMIN, FMAX).
import { INVALID, raiseFlags } from './flags.ts';
import { canonicalNan, isNan, isSignallingNan } from './format.ts';

// Each compares natively and looks for NaNs apart from the answer, so that no branch depends on it. FEQ is quiet:
// only a signalling NaN is invalid. FLT and FLE signal on any NaN.

function isUnordered<T>(x: T, y: T): bool {
  return (u32(x <= y) | u32(x >= y)) == 0;
}

function checkQuiet<F>(a: F, b: F): void {
  if (isSignallingNan<F>(a) || isSignallingNan<F>(b)) raiseFlags(INVALID);
}

export function f32Eq(a: u32, b: u32): u32 {
  const x = reinterpret<f32>(a);
  const y = reinterpret<f32>(b);
  if (isUnordered<f32>(x, y)) checkQuiet<u32>(a, b);
  return u32(x == y);
}

export function f64Eq(a: u64, b: u64): u32 {
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  if (isUnordered<f64>(x, y)) checkQuiet<u64>(a, b);
  return u32(x == y);
}

export function f32Lt(a: u32, b: u32): u32 {
  const x = reinterpret<f32>(a);
  const y = reinterpret<f32>(b);
  if (isUnordered<f32>(x, y)) raiseFlags(INVALID);
  return u32(x < y);
}

export function f64Lt(a: u64, b: u64): u32 {
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  if (isUnordered<f64>(x, y)) raiseFlags(INVALID);
  return u32(x < y);
}

export function f32Le(a: u32, b: u32): u32 {
  const x = reinterpret<f32>(a);
  const y = reinterpret<f32>(b);
  if (isUnordered<f32>(x, y)) raiseFlags(INVALID);
  return u32(x <= y);
}

export function f64Le(a: u64, b: u64): u32 {
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  if (isUnordered<f64>(x, y)) raiseFlags(INVALID);
  return u32(x <= y);
}

/** minimumNumber and maximumNumber where an operand is a NaN: the other operand, if that is a number. */
function numberBesideNan<F>(a: F, b: F): F {
  checkQuiet<F>(a, b);
  if (!isNan<F>(a)) return a;
  return isNan<F>(b) ? canonicalNan<F>() : b;
}

// Wasm's minimum and maximum order -0 below +0, as RISC-V does; they differ on NaNs only.

export function f32Min(a: u32, b: u32): u32 {
  if (isNan<u32>(a) || isNan<u32>(b)) return numberBesideNan<u32>(a, b);
  return reinterpret<u32>(min<f32>(reinterpret<f32>(a), reinterpret<f32>(b)));
}

export function f64Min(a: u64, b: u64): u64 {
  if (isNan<u64>(a) || isNan<u64>(b)) return numberBesideNan<u64>(a, b);
  return reinterpret<u64>(min<f64>(reinterpret<f64>(a), reinterpret<f64>(b)));
}

export function f32Max(a: u32, b: u32): u32 {
  if (isNan<u32>(a) || isNan<u32>(b)) return numberBesideNan<u32>(a, b);
  return reinterpret<u32>(max<f32>(reinterpret<f32>(a), reinterpret<f32>(b)));
}

export function f64Max(a: u64, b: u64): u64 {
  if (isNan<u64>(a) || isNan<u64>(b)) return numberBesideNan<u64>(a, b);
  return reinterpret<u64>(max<f64>(reinterpret<f64>(a), reinterpret<f64>(b)));
}
