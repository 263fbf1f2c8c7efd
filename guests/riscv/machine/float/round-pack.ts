// The one place that rounds: from an exact (or sticky) significand to a packed result and its flags
// (IEEE 754-2019 §4.3, §7.4, §7.5; RISC-V Unprivileged, "F" chapter: rounding modes, tininess after rounding).
import { INEXACT, OVERFLOW, raiseFlags, UNDERFLOW } from './flags.ts';
import { exponentBias, exponentMax, fractionBits, infinity, signBit } from './format.ts';

export const ROUND_NEAREST_EVEN: u32 = 0;
export const ROUND_TOWARD_ZERO: u32 = 1;
export const ROUND_DOWN: u32 = 2;
export const ROUND_UP: u32 = 3;
export const ROUND_NEAREST_MAX_MAGNITUDE: u32 = 4;

const HALF: u64 = 0x8000000000000000;

/** Shifts right; ones that fall off leave a trace in bit 0, so that rounding later still sees them. */
export function shiftRightSticky(value: u64, count: u32): u64 {
  if (count == 0) return value;
  if (count > 63) return u64(value != 0);
  return (value >> count) | u64(value << (64 - count) != 0);
}

/** Whether a magnitude grows when `rest`, a fraction of an ulp left-aligned in 64 bits, is rounded away. */
function roundsAway(negative: bool, isOdd: bool, rest: u64, rm: u32): bool {
  switch (rm) {
    case ROUND_NEAREST_EVEN:
      return rest > HALF || (rest == HALF && isOdd);
    case ROUND_DOWN:
      return negative && rest != 0;
    case ROUND_UP:
      return !negative && rest != 0;
    case ROUND_NEAREST_MAX_MAGNITUDE:
      return rest >= HALF;
    default:
      return false;
  }
}

/** The result of an overflow: infinity, or the largest finite number where rounding points away from infinity. */
function overflow<F>(negative: bool, rm: u32): F {
  raiseFlags(OVERFLOW | INEXACT);
  const towardZero =
    rm == ROUND_TOWARD_ZERO || (rm == ROUND_DOWN && !negative) || (rm == ROUND_UP && negative);
  return (negative ? signBit<F>() : 0) | (towardZero ? infinity<F>() - 1 : infinity<F>());
}

/**
 * Rounds ±significand × 2^(exponent - 63) to format `F`. The significand has bit 63 set; its bit 0 may be a
 * sticky bit, because at least eleven bits are always rounded away.
 */
export function roundPack<F>(negative: bool, exponent: i32, significand: u64, rm: u32): F {
  const dropped: u64 = 63 - fractionBits<F>();
  const biased = exponent + exponentBias<F>();
  if (biased >= exponentMax<F>()) return overflow<F>(negative, rm);
  if (biased <= 0) return roundPackSubnormal<F>(negative, biased, significand, rm);
  const kept = significand >> dropped;
  const rest = significand << (64 - dropped);
  // The leading one of `kept` adds one to the exponent field, and so does a carry out of the fraction.
  let packed = ((<F>(biased - 1)) << (<F>fractionBits<F>())) + <F>kept;
  if (rest != 0) {
    if (roundsAway(negative, (kept & 1) != 0, rest, rm)) packed++;
    if (packed >= infinity<F>()) return overflow<F>(negative, rm);
    raiseFlags(INEXACT);
  }
  return (negative ? signBit<F>() : 0) | packed;
}

function roundPackSubnormal<F>(negative: bool, biased: i32, significand: u64, rm: u32): F {
  const dropped: u64 = 63 - fractionBits<F>();
  const shifted = shiftRightSticky(significand, 1 - biased);
  const kept = shifted >> dropped;
  const rest = shifted << (64 - dropped);
  let packed = <F>kept;
  if (rest != 0) {
    if (roundsAway(negative, (kept & 1) != 0, rest, rm)) packed++;
    // Tiny is what would be below the normal range even after rounding with an unbounded exponent: only a
    // significand of all ones just below the range can be rounded out of it.
    const escapes =
      biased == 0 &&
      significand >> dropped == ((<u64>2) << fractionBits<F>()) - 1 &&
      roundsAway(negative, true, significand << (64 - dropped), rm);
    raiseFlags(escapes ? INEXACT : INEXACT | UNDERFLOW);
  }
  return (negative ? signBit<F>() : 0) | packed;
}
