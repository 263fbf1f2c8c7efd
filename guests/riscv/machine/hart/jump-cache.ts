// The jump caches: where the units at virtual addresses are, so that translated code finds the next unit by itself. One
// per mode, direct mapped by a hash of the address, 1024 entries of 16 bytes:
//
//   0  virtual address u64, all ones when empty     8  table index u32     12  its decoded page u32
import { JUMP_CACHE_BYTES, JUMP_CACHES } from '../memory/layout.ts';
import { flushSites } from './site-tlb.ts';
import { JUMP_CACHE, JUMPS_CACHED } from './state.ts';

const NOWHERE: i64 = -1;

/** Entry of the current mode for an address. */
export function jumpEntry(target: u64): usize {
  const hash = ((<usize>target) << 3) ^ (<usize>target >>> 9);
  return <usize>load<u32>(JUMP_CACHE) + (hash & (JUMP_CACHE_BYTES - 16));
}

export function cacheJump(target: u64, index: u32, page: u32): usize {
  const entry = jumpEntry(target);
  store<u64>(entry, target);
  store<u32>(entry, index, 8);
  store<u32>(entry, page, 12);
  store<u32>(
    JUMPS_CACHED,
    load<u32>(JUMPS_CACHED) | (1 << ((load<u32>(JUMP_CACHE) - <u32>JUMP_CACHES) / <u32>JUMP_CACHE_BYTES)),
  );
  return entry;
}

/** To be called whenever an entry of a fetch TLB or a unit goes: empties links (site-tlb.ts), too. */
export function flushJumps(): void {
  flushSites();
  const cached = load<u32>(JUMPS_CACHED);
  if (cached == 0) return;
  store<u32>(JUMPS_CACHED, 0);
  for (let mode: u32 = 0; mode < 3; mode++) {
    if ((cached >>> mode) & 1)
      memory.fill(JUMP_CACHES + <usize>mode * JUMP_CACHE_BYTES, <u8>NOWHERE, JUMP_CACHE_BYTES);
  }
}

/** Makes the caches what they are called. */
export function clearJumps(): void {
  store<u32>(JUMPS_CACHED, 7);
  flushJumps();
}
