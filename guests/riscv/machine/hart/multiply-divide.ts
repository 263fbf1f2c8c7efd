// The long operations of M (RISC-V Unprivileged 20240411, chapter 12): division by zero and overflow give values.
import { multiplyHigh } from '../float/wide.ts';

export function multiplyHighUnsigned(a: i64, b: i64): i64 {
  return <i64>multiplyHigh(a, b);
}

export function multiplyHighSigned(a: i64, b: i64): i64 {
  return <i64>multiplyHigh(a, b) - ((a >> 63) & b) - ((b >> 63) & a);
}

/** a signed, b unsigned. */
export function multiplyHighMixed(a: i64, b: i64): i64 {
  return <i64>multiplyHigh(a, b) - ((a >> 63) & b);
}

export function divide(a: i64, b: i64): i64 {
  if (b == 0) return -1;
  return b == -1 ? 0 - a : a / b;
}

export function divideUnsigned(a: i64, b: i64): i64 {
  return b == 0 ? -1 : <i64>(<u64>a / <u64>b);
}

export function remainder(a: i64, b: i64): i64 {
  if (b == 0) return a;
  return b == -1 ? 0 : a % b;
}

export function remainderUnsigned(a: i64, b: i64): i64 {
  return b == 0 ? a : <i64>(<u64>a % <u64>b);
}

export function divideWord(a: i64, b: i64): i64 {
  if (<i32>b == 0) return -1;
  // In 32 bits, so that the most negative word negates to itself.
  const quotient: i32 = <i32>b == -1 ? -(<i32>a) : <i32>a / <i32>b;
  return <i64>quotient;
}

export function divideUnsignedWord(a: i64, b: i64): i64 {
  return <u32>b == 0 ? -1 : <i64>(<i32>(<u32>a / <u32>b));
}

export function remainderWord(a: i64, b: i64): i64 {
  if (<i32>b == 0) return <i64>(<i32>a);
  return <i32>b == -1 ? 0 : <i64>(<i32>a % <i32>b);
}

export function remainderUnsignedWord(a: i64, b: i64): i64 {
  return <u32>b == 0 ? <i64>(<i32>a) : <i64>(<i32>(<u32>a % <u32>b));
}
