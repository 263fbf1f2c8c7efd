// Physical memory protection, 16 entries, grain 4 bytes (RISC-V Privileged 20241101, §3.7).
import { PMP_CHECKS, PMPADDR, PMPCFG } from './state.ts';

export const PMP_ENTRIES: u32 = 16;
/** Verdicts: refused; allowed, but the rest of the page may not be; the whole page is allowed. */
export const PMP_REFUSED: u32 = 0;
export const PMP_HERE_ONLY: u32 = 1;
export const PMP_WHOLE_PAGE: u32 = 2;

const LOCKED: u32 = 0x80;

function config(i: u32): u32 {
  return load<u8>(PMPCFG + <usize>i);
}

function address(i: u32): u64 {
  return load<u64>(PMPADDR + ((<usize>i) << 3));
}

/** First byte of entry `i`. Its last byte is lastByte(i). */
function firstByte(i: u32): u64 {
  const kind = (config(i) >>> 3) & 3;
  if (kind == 1) return i ? address(i - 1) << 2 : 0;
  if (kind == 2) return address(i) << 2;
  const ones = ~address(i) ? ctz(~address(i)) : 64;
  return ones >= 54 ? 0 : (address(i) & ~(((<u64>1) << ones) - 1)) << 2;
}

/** Last byte of entry `i`; below its first byte when the entry is empty. */
function lastByte(i: u32): u64 {
  const kind = (config(i) >>> 3) & 3;
  if (kind == 1) return (address(i) << 2) - 1;
  if (kind == 2) return (address(i) << 2) + 3;
  const ones = ~address(i) ? ctz(~address(i)) : 64;
  return ones >= 54 ? u64.MAX_VALUE : firstByte(i) + (((<u64>8) << ones) - 1);
}

/** What PMP says to an access (0 load, 1 store, 2 fetch) of `length` bytes in privilege `mode`. */
export function pmpVerdict(gpa: u64, length: u32, access: u32, mode: u32): u32 {
  if (!(load<u32>(PMP_CHECKS) & (mode == 3 ? 2 : 1))) return PMP_WHOLE_PAGE;
  const last = gpa + <u64>length - 1;
  const pageFirst = gpa & ~0xfff;
  const pageLast = gpa | 0xfff;
  let partial = false;
  for (let i: u32 = 0; i < PMP_ENTRIES; i++) {
    const bits = config(i);
    if (((bits >>> 3) & 3) == 0) continue;
    const from = firstByte(i);
    const to = lastByte(i);
    if (to < from || (((bits >>> 3) & 3) == 1 && address(i) == 0)) continue;
    if (to < pageFirst || from > pageLast) continue;
    if (from > pageFirst || to < pageLast) partial = true;
    if (to < gpa || from > last) continue;
    if (from > gpa || to < last) return PMP_REFUSED;
    const allowed = (bits & (1 << access)) != 0 || (mode == 3 && !(bits & LOCKED));
    if (!allowed) return PMP_REFUSED;
    return partial ? PMP_HERE_ONLY : PMP_WHOLE_PAGE;
  }
  if (mode != 3) return PMP_REFUSED;
  return partial ? PMP_HERE_ONLY : PMP_WHOLE_PAGE;
}

/**
 * To be called when an entry changed: works out whom PMP can refuse anything. That is nobody when entry 0 opens all
 * memory, and M mode not without an active entry; an unlocked one refuses M mode an access that it matches in part.
 */
export function pmpChanged(): void {
  let checks: u32 = 1;
  for (let i: u32 = 0; i < PMP_ENTRIES; i++) if (config(i) & 0x18) checks |= 2;
  if ((config(0) & 0x1f) == 0x1f && firstByte(0) == 0 && lastByte(0) == u64.MAX_VALUE) checks = 0;
  store<u32>(PMP_CHECKS, checks);
}

/** Whether pmpaddr `i` may not be written: locked itself, or the base of a locked top-of-range entry. */
export function isPmpAddressLocked(i: u32): bool {
  if (config(i) & LOCKED) return true;
  return i + 1 < PMP_ENTRIES && (config(i + 1) & (LOCKED | 0x18)) == (LOCKED | 8);
}
