// Conversions from integers (IEEE 754-2019 §5.4.1; RISC-V Unprivileged, FCVT.{S,D}.{W,WU,L,LU}).
import { isInexactRaised } from './flags.ts';
import { ROUND_NEAREST_EVEN, roundPack } from './round-pack.ts';

/** ±magnitude rounded to format `F`. Integer zero is +0 in every rounding mode. */
function roundInteger<F>(negative: bool, magnitude: u64, rm: u32): F {
  if (magnitude == 0) return 0;
  const shift = clz<u64>(magnitude);
  return roundPack<F>(negative, 63 - <i32>shift, magnitude << shift, rm);
}

export function i64ToF32Exact(a: i64, rm: u32): u32 {
  return roundInteger<u32>(a < 0, a < 0 ? 0 - <u64>a : <u64>a, rm);
}

export function u64ToF32Exact(a: u64, rm: u32): u32 {
  return roundInteger<u32>(false, a, rm);
}

export function i64ToF64Exact(a: i64, rm: u32): u64 {
  return roundInteger<u64>(a < 0, a < 0 ? 0 - <u64>a : <u64>a, rm);
}

export function u64ToF64Exact(a: u64, rm: u32): u64 {
  return roundInteger<u64>(false, a, rm);
}

// Fast paths: what fits the significand is exact in every rounding mode; nothing overflows or underflows.

export function i64ToF32(a: i64, rm: u32): u32 {
  const isExact = <u64>(a + 0x1000000) <= 0x2000000;
  if (isExact || (rm == ROUND_NEAREST_EVEN && isInexactRaised())) return reinterpret<u32>(<f32>a);
  return i64ToF32Exact(a, rm);
}

export function u64ToF32(a: u64, rm: u32): u32 {
  const isExact = a <= 0x1000000;
  if (isExact || (rm == ROUND_NEAREST_EVEN && isInexactRaised())) return reinterpret<u32>(<f32>a);
  return u64ToF32Exact(a, rm);
}

export function i64ToF64(a: i64, rm: u32): u64 {
  const isExact = <u64>(a + 0x20000000000000) <= 0x40000000000000;
  if (isExact || (rm == ROUND_NEAREST_EVEN && isInexactRaised())) return reinterpret<u64>(<f64>a);
  return i64ToF64Exact(a, rm);
}

export function u64ToF64(a: u64, rm: u32): u64 {
  const isExact = a <= 0x20000000000000;
  if (isExact || (rm == ROUND_NEAREST_EVEN && isInexactRaised())) return reinterpret<u64>(<f64>a);
  return u64ToF64Exact(a, rm);
}

export function i32ToF32(a: i32, rm: u32): u32 {
  return i64ToF32(<i64>a, rm);
}

export function u32ToF32(a: u32, rm: u32): u32 {
  return u64ToF32(<u64>a, rm);
}

// Always exact: `_rm` is there so that all conversions are called alike.

export function i32ToF64(a: i32, _rm: u32): u64 {
  return reinterpret<u64>(<f64>a);
}

export function u32ToF64(a: u32, _rm: u32): u64 {
  return reinterpret<u64>(<f64>a);
}
