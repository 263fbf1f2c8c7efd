// The numbers of a unit's locals: the parameters, x1 to x31 (registers.ts) from 4 on, then the others by type. Plain numbers,
// so that who looks into units under Node can name them, too.

export const LOCAL_N: u32 = 0;
export const LOCAL_DEPTH: u32 = 1;
export const LOCAL_PAGE_VA: u32 = 2;
export const LOCAL_PAGE_BASE: u32 = 3;
export const LOCAL_X0: u32 = 3;
export const LOCAL_OLD: u32 = 35;
export const LOCAL_TARGET: u32 = 36;
/** Registers as they were before what may be skipped (skips.ts). */
export const LOCAL_KEPT: u32 = 37;
export const KEPT_REGISTERS: u32 = 2;
export const I64_LOCALS: u32 = 33 + KEPT_REGISTERS;
export const LOCAL_POINTER: u32 = LOCAL_KEPT + KEPT_REGISTERS;
/** The dispatch (control-flow.ts) that is to take its way aside, or 0. */
export const LOCAL_ENTRY: u32 = LOCAL_POINTER + 1;
/** Whether what may be skipped is, and the low words of what it sets as they were before. */
export const LOCAL_SKIPS: u32 = LOCAL_ENTRY + 1;
export const LOCAL_KEPT_NARROW: u32 = LOCAL_SKIPS + 1;
export const LOCAL_GROUPS: u32 = LOCAL_KEPT_NARROW + KEPT_REGISTERS;
/** Groups of accesses whose pointers are kept at a time. */
export const KEPT_GROUPS: u32 = 24;
/** Of groups that are known in a loop. */
export const LOCAL_PINNED: u32 = LOCAL_GROUPS + KEPT_GROUPS;
export const PINNED_GROUPS: u32 = 8;
/** Registers' low words, where these are all that is known: of x1 behind this one, and so on. */
export const LOCAL_NARROW0: u32 = LOCAL_PINNED + PINNED_GROUPS - 1;
export const I32_LOCALS: u32 = 3 + KEPT_REGISTERS + KEPT_GROUPS + PINNED_GROUPS + 31;
export const LOCAL_DOUBLES: u32 = LOCAL_NARROW0 + 32;
export const FLOAT_LOCALS: u32 = 5;
export const LOCAL_SINGLES: u32 = LOCAL_DOUBLES + FLOAT_LOCALS;
