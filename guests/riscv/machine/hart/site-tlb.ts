// The site TLBs: translations that translated code keeps for each of its memory accesses' base registers, one TLB per
// data context (tlb.ts). An entry is 16 bytes: tag u64, virtual page address or all ones; host minus virtual address u32.
import { SITE_TLBS, SITE_TLBS_BYTES } from '../memory/layout.ts';
import { SITE_TLB, SITES_FILLED } from './state.ts';

/** To be called whenever an entry of a data TLB goes. */
export function flushSites(): void {
  if (load<u32>(SITES_FILLED) == 0) return;
  store<u32>(SITES_FILLED, 0);
  memory.fill(SITE_TLBS, 0xff, SITE_TLBS_BYTES);
}

/** Enters the page of `va` into the current context's entry at byte `site`; `host` is the address of the byte at `va`. */
export function fillSite(site: usize, va: u64, host: usize): void {
  const entry = <usize>load<u32>(SITE_TLB) + site;
  store<u64>(entry, va & ~0xfff);
  store<u32>(entry, <u32>(host - <usize>va), 8);
  store<u32>(SITES_FILLED, 1);
}
