// Ends the slice early, for the interpreter (STOP_AT) and for units that wait for a call's return (STOPS): these are not to
// go on in a context other than their own either.
import { CONTEXT, STOP_AT, STOPS } from './state.ts';

const AT_ONCE: i32 = i32.MAX_VALUE;

function stopOf(context: u32): usize {
  return STOPS + ((<usize>context) << 2);
}

/** The slice runs to its end. */
export function beginSlice(): void {
  store<i32>(STOP_AT, 0);
  store<i32>(stopOf(load<u32>(CONTEXT)), 0);
}

/** The slice ends at the next taken transfer. */
export function stopSlice(): void {
  store<i32>(STOP_AT, AT_ONCE);
  store<i32>(stopOf(load<u32>(CONTEXT)), AT_ONCE);
}

/** Makes a context the current one. */
export function setContext(context: u32): void {
  store<i32>(stopOf(load<u32>(CONTEXT)), AT_ONCE);
  store<u32>(CONTEXT, context);
  store<i32>(stopOf(context), load<i32>(STOP_AT));
}
