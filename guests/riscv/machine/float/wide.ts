// 128-bit integers as two words, high and low.

/** The upper half of a 64 × 64-bit product. The lower half is the wrapping `a * b`. */
export function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const middleLow = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (middleLow >> 32);
}

/** The upper word of a right shift by any count. */
export function shiftRightHigh(high: u64, count: i32): u64 {
  return count > 63 ? 0 : high >> count;
}

/** The lower word of a right shift by any count; ones that fall off leave a trace in bit 0. */
export function shiftRightLowSticky(high: u64, low: u64, count: i32): u64 {
  if (count == 0) return low;
  if (count < 64) return (high << (64 - count)) | (low >> count) | u64(low << (64 - count) != 0);
  if (count == 64) return high | u64(low != 0);
  if (count < 128) return (high >> (count - 64)) | u64(((high << (128 - count)) | low) != 0);
  return u64((high | low) != 0);
}
