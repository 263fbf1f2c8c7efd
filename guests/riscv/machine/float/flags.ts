// The accrued exception flags (RISC-V Unprivileged, "F" chapter: fflags; IEEE 754-2019 §7).
import { FFLAGS } from '../hart/state.ts';

export const INEXACT: u32 = 1;
export const UNDERFLOW: u32 = 2;
export const OVERFLOW: u32 = 4;
export const DIVIDE_BY_ZERO: u32 = 8;
export const INVALID: u32 = 16;

/** Adds `flags` to fflags; they stay until the guest clears them. */
export function raiseFlags(flags: u32): void {
  store<u32>(FFLAGS, load<u32>(FFLAGS) | flags);
}

/**
 * Whether one more inexact result would change nothing. It is what lets the hardware's arithmetic stand in
 * for ours: Wasm rounds correctly but does not tell whether it rounded.
 */
export function isInexactRaised(): bool {
  return (load<u32>(FFLAGS) & INEXACT) != 0;
}
