// Where a random program keeps its parts in physical memory, and at which virtual addresses they appear.
//
//   0x8000_0000  code        64 KiB  boot, M handler, S handler, the random program
//   0x8001_0000  table        8 KiB  special operands, then constants and pointers
//   0x8001_2000  scratch     32 KiB  the only memory that random stores may hit
//   0x8001_a000  page tables 56 KiB  two trees: Sv48 root → Sv39 root → …
//   0x8002_8000  functions   16 KiB  short ones to be called while their pages are mapped anew and their code is patched
//   0x8002_c000  stack        4 KiB  of functions that call others
//   0x8002_d000  tohost       4 KiB
//   0x8021_2000  scratch of the superpage behind: zero
//
// The whole image is mapped twice: at its own address for S mode, and 1 GiB below for U mode, so that pc-relative
// addressing works wherever the code runs. Functions and scratch appear a third time, where mappings change.

export const CODE_BASE = 0x8000_0000;
export const CODE_BYTES = 0x1_0000;
export const TABLE_BASE = 0x8001_0000;
export const TABLE_SLOTS = 1024;
export const SCRATCH_BASE = 0x8001_2000;
export const SCRATCH_PAGES = 8;
export const SCRATCH_BYTES = SCRATCH_PAGES * 4096;
export const PAGE_TABLES_BASE = 0x8001_a000;
export const PAGE_TABLES_BYTES = 0xe000;
export const FUNCTIONS_BASE = 0x8002_8000;
export const FUNCTION_PAGES = 4;
export const STACK_BASE = 0x8002_c000;
export const STACK_BYTES = 0x1000;
export const TOHOST = 0x8002_d000;
export const IMAGE_BYTES = 0x2_e000;
export const RAM_BYTES = 16 << 20;
/** A superpage of 2 MiB more to which superpages may be mapped instead. */
export const OTHER_SCRATCH_BASE = SCRATCH_BASE + (2 << 20);

/** What is subtracted from a physical address to get its U-mode alias. */
export const USER_ALIAS_OFFSET = 0x4000_0000;
/** Two regions of 2 MiB with random page table entries, then random superpages. */
export const WINDOW_BASE = 0x6000_0000;
export const WINDOW_TABLES = 2;
export const WINDOW_SUPERPAGES = 8;
/** 4 KiB pages of functions, then of scratch, then superpages of 2 MiB; one of 1 GiB follows. Programs change them. */
export const CHANGING_BASE = 0xc000_0000;
export const CHANGING_FUNCTIONS = 8;
export const CHANGING_SCRATCH = 8;
export const CHANGING_SUPERPAGES = 4;
export const CHANGING_GIGAPAGE = 0x1_0000_0000n;

export const MACHINE_VECTOR = CODE_BASE + 0x100;
export const SUPERVISOR_VECTOR = CODE_BASE + 0x400;
export const PROGRAM_START = CODE_BASE + 0x800;

/** Handlers may change these; programs use them as operands only. */
export const SUPERVISOR_HANDLER_REGISTERS = [27, 28] as const;
export const MACHINE_HANDLER_REGISTERS = [29, 31] as const;
/** Tells the handlers where to go on after a fetch fault, and by its low bit that the segment is over. */
export const RESUME_REGISTER = 30;
