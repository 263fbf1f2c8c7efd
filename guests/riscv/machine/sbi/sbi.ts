// The SBI of a machine that implements none: every call is SBI_ERR_NOT_SUPPORTED (SBI 2.0, chapter 3).
import { X } from '../hart/state.ts';

/** Answers the call in a0 to a7. */
export function sbiCall(): void {
  store<i64>(X + 80, -2);
  store<i64>(X + 88, 0);
}
