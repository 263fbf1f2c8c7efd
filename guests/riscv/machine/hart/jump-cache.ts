// The jump caches: where the units at virtual addresses are, so that translated code finds the next unit by itself. One
// per bank (tlb.ts) that code runs by, direct mapped by a hash of the address, 1024 entries of 16 bytes:
//
//   0  virtual address u64, all ones when empty     8  table index u32     12  its decoded page u32
import { BANK_BYTES, BANKS, JUMP_CACHE_BYTES } from '../memory/layout.ts';
import { flushAllSites } from './site-tlb.ts';
import { JUMP_CACHE, JUMPS_CACHED } from './state.ts';
import { BANK_USER_DATA, bankAt, JUMPS } from './tlb.ts';

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
  const bank = (load<u32>(JUMP_CACHE) - <u32>BANKS) / <u32>BANK_BYTES;
  store<u32>(JUMPS_CACHED, load<u32>(JUMPS_CACHED) | (1 << bank));
  return entry;
}

/** To be called whenever an entry of a bank's fetch TLB goes. */
export function flushJumps(bank: u32): void {
  const cached = load<u32>(JUMPS_CACHED);
  if (!((cached >>> bank) & 1)) return;
  store<u32>(JUMPS_CACHED, cached & ~(1 << bank));
  memory.fill(bankAt(bank) + JUMPS, 0xff, JUMP_CACHE_BYTES);
}

/** To be called whenever a unit goes: empties links (site-tlb.ts), too. */
export function flushAllJumps(): void {
  flushAllSites();
  for (let bank: u32 = 0; bank < BANK_USER_DATA; bank++) flushJumps(bank);
}

/** Makes the caches what they are called. */
export function clearJumps(): void {
  store<u32>(JUMPS_CACHED, u32.MAX_VALUE);
  flushAllJumps();
}
