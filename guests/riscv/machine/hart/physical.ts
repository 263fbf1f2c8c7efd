// Guest physical memory as the hart sees it, and the exception causes (RISC-V Privileged 20241101, table 14).
import { RAM_BASE, RAM_GPA } from '../memory/layout.ts';
import { invalidateDecoded } from './decode-cache.ts';
import { RAM_BYTES } from './state.ts';

export const CAUSE_FETCH_ACCESS: u64 = 1;
export const CAUSE_ILLEGAL: u64 = 2;
export const CAUSE_BREAKPOINT: u64 = 3;
export const CAUSE_LOAD_MISALIGNED: u64 = 4;
export const CAUSE_LOAD_ACCESS: u64 = 5;
export const CAUSE_STORE_MISALIGNED: u64 = 6;
export const CAUSE_STORE_ACCESS: u64 = 7;
export const CAUSE_ECALL_U: u64 = 8;
export const CAUSE_FETCH_PAGE: u64 = 12;
export const CAUSE_LOAD_PAGE: u64 = 13;
export const CAUSE_STORE_PAGE: u64 = 15;

/** Whether `length` bytes (at least one) from `gpa` are all RAM. */
export function isRam(gpa: u64, length: u64): bool {
  const offset = gpa - RAM_GPA;
  const bytes = <u64>load<u32>(RAM_BYTES);
  return offset < bytes && length <= bytes - offset;
}

/** Host address of `length` bytes of guest memory, or 0 when they are not wholly RAM. */
export function ramPointer(gpa: u64, length: u32): usize {
  return isRam(gpa, length) ? RAM_BASE + <usize>(gpa - RAM_GPA) : 0;
}

/** To be called after something other than the hart wrote to RAM: undoes decoded code. */
export function ramWritten(gpa: u64, length: u32): void {
  if (length && isRam(gpa, length)) invalidateDecoded(<usize>(gpa - RAM_GPA), length);
}
