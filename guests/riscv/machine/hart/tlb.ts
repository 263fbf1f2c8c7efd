// The translation caches of hart/state.ts's READ_TLB, WRITE_TLB and FETCH_TLB. Direct mapped, 512 entries of 16 bytes:
//
//   0  tag u64: virtual page address, all ones when empty      8  u32: data: host address minus virtual address;
//                                                                 fetch: the decoded page
// Data contexts: 0 U, 1 S, 2 S with SUM, 3 M or bare; each a read TLB and then a write TLB, so that changes of mode
// or SUM drop nothing. MXR drops everything when it changes.
import {
  DATA_TLB_BYTES,
  DATA_TLBS,
  DATA_TLBS_BYTES,
  EMPTY_TLB,
  FETCH_TLB_BYTES,
  FETCH_TLBS,
  FETCH_TLBS_BYTES,
  JUMP_CACHE_BYTES,
  JUMP_CACHES,
  SUPERPAGE_FILTER,
  SUPERPAGE_FILTER_BYTES,
} from '../memory/layout.ts';
import { clearJumps, flushJumps } from './jump-cache.ts';
import { isSuperpageNoted } from './page-walk.ts';
import { FENCED, FETCH_TLB, JUMP_CACHE, MODE, MSTATUS, READ_TLB, TRACING, WRITE_TLB } from './state.ts';
import { MSTATUS_MPP, MSTATUS_MPRV, MSTATUS_SUM } from './status-bits.ts';
import { setContext } from './stop.ts';

/** The privilege by which loads and stores are judged. */
export function dataMode(): u32 {
  const status = load<u64>(MSTATUS);
  return status & MSTATUS_MPRV ? <u32>((status & MSTATUS_MPP) >> 11) : load<u32>(MODE);
}

/** The read TLB of a context; its write TLB comes behind it. */
export function dataTlbs(context: u32): usize {
  return DATA_TLBS + <usize>(context & 3) * 2 * DATA_TLB_BYTES;
}

/** To be called whenever mode, MPRV, MPP or SUM changed. */
export function contextChanged(): void {
  const mode = dataMode();
  const context: u32 = mode == 3 ? 3 : mode == 0 ? 0 : load<u64>(MSTATUS) & MSTATUS_SUM ? 2 : 1;
  const read = dataTlbs(context);
  store<u32>(READ_TLB, <u32>read);
  store<u32>(WRITE_TLB, <u32>(load<u32>(TRACING) ? EMPTY_TLB : read + DATA_TLB_BYTES));
  const running = load<u32>(MODE);
  setContext(context | (running << 2));
  const code: usize = running == 3 ? 2 : <usize>running;
  store<u32>(FETCH_TLB, <u32>(FETCH_TLBS + code * FETCH_TLB_BYTES));
  store<u32>(JUMP_CACHE, <u32>(JUMP_CACHES + code * JUMP_CACHE_BYTES));
}

/** Empties everything: satp, PMP or MXR changed, or a fence without an address. */
export function flushTranslations(): void {
  memory.fill(DATA_TLBS, 0xff, DATA_TLBS_BYTES);
  memory.fill(FETCH_TLBS, 0xff, FETCH_TLBS_BYTES);
  memory.fill(SUPERPAGE_FILTER, 0, SUPERPAGE_FILTER_BYTES);
  store<u32>(FENCED, 1);
  flushJumps();
}

/** Drops what is cached of the page of `va`, in every context. */
export function flushPage(va: u64): void {
  if (isSuperpageNoted(va)) {
    flushTranslations();
    return;
  }
  store<u32>(FENCED, 1);
  flushJumps();
  const tag = va & ~0xfff;
  const at = (<usize>va >>> 8) & (DATA_TLB_BYTES - 16);
  for (let tlb = DATA_TLBS; tlb < DATA_TLBS + DATA_TLBS_BYTES; tlb += DATA_TLB_BYTES) {
    if (load<u64>(tlb + at) == tag) store<i64>(tlb + at, -1);
  }
  for (let tlb = FETCH_TLBS; tlb < FETCH_TLBS + FETCH_TLBS_BYTES; tlb += FETCH_TLB_BYTES) {
    if (load<u64>(tlb + at) == tag) store<i64>(tlb + at, -1);
  }
}

/** Enters a page of RAM at host address `host` (of the byte at `va`) into a TLB. */
export function fillTlb(tlb: usize, va: u64, host: usize): void {
  const entry = tlb + ((<usize>va >>> 8) & (DATA_TLB_BYTES - 16));
  store<u64>(entry, va & ~0xfff);
  store<u32>(entry, <u32>(host - <usize>va), 8);
}

/** Empties what `flushTranslations` does not; single steps, which see every store, have a write TLB that stays so. */
export function clearCaches(): void {
  memory.fill(EMPTY_TLB, 0xff, DATA_TLB_BYTES);
  clearJumps();
}
