// Address translation: Sv39 and Sv48 with hardware update of A and D (RISC-V Privileged 20241101, §12.3 to §12.5).
import { RAM_BASE, RAM_GPA, SUPERPAGE_FILTER } from '../memory/layout.ts';
import { invalidateDecoded } from './decode-cache.ts';
import {
  CAUSE_FETCH_ACCESS,
  CAUSE_FETCH_PAGE,
  CAUSE_LOAD_ACCESS,
  CAUSE_LOAD_PAGE,
  CAUSE_STORE_ACCESS,
  CAUSE_STORE_PAGE,
  isRam,
} from './physical.ts';
import { pmpVerdict } from './pmp.ts';
import { MSTATUS, SATP, WALK_GLOBAL, WALK_GPA, WALK_SUPERPAGE } from './state.ts';
import { MSTATUS_MXR, MSTATUS_SUM } from './status-bits.ts';
import { fail } from './traps.ts';

export const ACCESS_LOAD: u32 = 0;
export const ACCESS_STORE: u32 = 1;
export const ACCESS_FETCH: u32 = 2;

const PTE_V: u64 = 1;
const PTE_R: u64 = 2;
const PTE_W: u64 = 4;
const PTE_X: u64 = 8;
const PTE_U: u64 = 16;
const PTE_G: u64 = 32;
const PTE_A: u64 = 64;
const PTE_D: u64 = 128;
/** Bits 54 to 63: reserved, and Svpbmt and Svnapot, which this hart lacks. */
const PTE_RESERVED: u64 = 0xffc0000000000000;

function pageFault(va: u64, access: u32): bool {
  return fail(
    access == ACCESS_FETCH ? CAUSE_FETCH_PAGE : access == ACCESS_STORE ? CAUSE_STORE_PAGE : CAUSE_LOAD_PAGE,
    va,
  );
}

/** Leaves an access fault of this kind of access behind. */
export function accessFault(va: u64, access: u32): bool {
  return fail(
    access == ACCESS_FETCH
      ? CAUSE_FETCH_ACCESS
      : access == ACCESS_STORE
        ? CAUSE_STORE_ACCESS
        : CAUSE_LOAD_ACCESS,
    va,
  );
}

/** Addresses of the upper half, mostly the kernel's, have bits of their own. */
function superpageBit(va: u64): usize {
  return (<usize>(va >> 21) & 2047) | ((<usize>(va >> 63)) << 11);
}

/** Remembers that the page of `va` came from a superpage, so that a fence for any part of it drops all parts. */
export function noteSuperpage(va: u64): void {
  if (!load<u32>(WALK_SUPERPAGE)) return;
  const bit = superpageBit(va);
  const at = SUPERPAGE_FILTER + (bit >>> 3);
  store<u8>(at, load<u8>(at) | <u8>((<u32>1) << (<u32>(bit & 7))));
}

/** Whether a page near `va` may have come from a superpage since the last whole flush. */
export function isSuperpageNoted(va: u64): bool {
  const bit = superpageBit(va);
  return ((<u32>load<u8>(SUPERPAGE_FILTER + (bit >>> 3)) >>> (bit & 7)) & 1) != 0;
}

/** Puts the guest physical address of `va` into WALK_GPA; false with the trap's cause left behind. */
export function translate(va: u64, access: u32, mode: u32): bool {
  const satp = load<u64>(SATP);
  const scheme = <u32>(satp >> 60);
  store<u32>(WALK_SUPERPAGE, 0);
  store<u32>(WALK_GLOBAL, 0);
  if (mode == 3 || scheme == 0) {
    store<u64>(WALK_GPA, va);
    return true;
  }
  let level = scheme == 8 ? 2 : 3;
  const unused: u64 = scheme == 8 ? 25 : 16;
  if (<u64>(<i64>(va << unused) >> unused) != va) return pageFault(va, access);
  let table = (satp & 0xfffffffffff) << 12;
  for (; level >= 0; level--) {
    const pteGpa = table + (((va >> <u64>(12 + 9 * level)) & 511) << 3);
    if (!isRam(pteGpa, 8) || !pmpVerdict(pteGpa, 8, ACCESS_LOAD, 1)) return accessFault(va, access);
    const pte = load<u64>(RAM_BASE + <usize>(pteGpa - RAM_GPA));
    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W || pte & PTE_RESERVED)
      return pageFault(va, access);
    if (pte & PTE_G) store<u32>(WALK_GLOBAL, 1);
    if (pte & (PTE_R | PTE_X)) return useLeaf(va, access, mode, level, pteGpa);
    if (pte & (PTE_A | PTE_D | PTE_U)) return pageFault(va, access);
    table = ((pte >> 10) & 0xfffffffffff) << 12;
  }
  return pageFault(va, access);
}

function isPermitted(pte: u64, access: u32, mode: u32): bool {
  const status = load<u64>(MSTATUS);
  if (pte & PTE_U) {
    if (mode == 1 && (access == ACCESS_FETCH || !(status & MSTATUS_SUM))) return false;
  } else if (mode == 0) return false;
  if (access == ACCESS_FETCH) return (pte & PTE_X) != 0;
  if (access == ACCESS_STORE) return (pte & PTE_W) != 0;
  return (pte & PTE_R) != 0 || ((status & MSTATUS_MXR) != 0 && (pte & PTE_X) != 0);
}

function useLeaf(va: u64, access: u32, mode: u32, level: i32, pteGpa: u64): bool {
  const host = RAM_BASE + <usize>(pteGpa - RAM_GPA);
  const pte = load<u64>(host);
  const within = (((<u64>1) << (<u64>(12 + 9 * level))) - 1) as u64;
  const target = ((pte >> 10) & 0xfffffffffff) << 12;
  if (!isPermitted(pte, access, mode) || (target & within) != 0) return pageFault(va, access);
  const wanted = access == ACCESS_STORE ? PTE_A | PTE_D : PTE_A;
  if ((pte & wanted) != wanted) {
    if (!pmpVerdict(pteGpa, 8, ACCESS_STORE, 1)) return accessFault(va, access);
    store<u64>(host, pte | wanted);
    invalidateDecoded(host - RAM_BASE, 8);
  }
  store<u64>(WALK_GPA, target | (va & within));
  store<u32>(WALK_SUPERPAGE, level > 0 ? 1 : 0);
  return true;
}
