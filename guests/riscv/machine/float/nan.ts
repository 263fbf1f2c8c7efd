// What operations return when an operand is a NaN, or when there is no answer (IEEE 754-2019 §6.2, §7.2).
import { INVALID, raiseFlags } from './flags.ts';
import { canonicalNan, isSignallingNan } from './format.ts';

/** The answer of an operation that has none. */
export function invalid<F>(): F {
  raiseFlags(INVALID);
  return canonicalNan<F>();
}

/** The answer where at least one of two operands is a NaN: payloads are not propagated. */
export function nanResult<F>(a: F, b: F): F {
  if (isSignallingNan<F>(a) || isSignallingNan<F>(b)) raiseFlags(INVALID);
  return canonicalNan<F>();
}
