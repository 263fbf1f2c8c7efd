// The site TLB: translations that translated code keeps, one for each group of memory accesses
// (translator/access-groups.ts), which fills it, too. An entry is its group's own. 32 bytes:
//
//   0  highest u64     8  limit u32     16  delta u32
// It answers for base registers with (highest - register) < limit, unsigned; the group's first byte is then at host
// address register + delta (modulo 2^32). With limit 0 it answers for none.
//
// Entries are links, too: the unit at another place that a unit calls or goes on at (translator/transfers.ts).
//
//   0  virtual address u64, all ones when empty     8  table index u32     12  its decoded page u32
import { SITE_BYTES, SITE_LIMIT, SITE_LOG, SITE_LOG_ENTRIES, SITES } from '../memory/layout.ts';
import { SITES_FILLED } from './state.ts';

/** To be called whenever an entry of a data TLB goes. */
export function flushSites(): void {
  const filled = load<u32>(SITES_FILLED);
  // In a full log the next entry that is filled anew takes the place of another's: units write before they count.
  if (filled >= SITE_LOG_ENTRIES) clearSites(0, SITE_LIMIT);
  else for (let i: u32 = 0; i < filled; i++) clearSite(<usize>load<u32>(SITE_LOG + ((<usize>i) << 2)));
  store<u32>(SITES_FILLED, 0);
}

function clearSite(entry: usize): void {
  store<i64>(entry, -1);
  store<u32>(entry, 0, 8);
}

/** Remembers an entry that is to be filled. Units do as much themselves. */
function log(entry: usize): void {
  if (load<u32>(entry, 8) != 0) return;
  const filled = load<u32>(SITES_FILLED);
  store<u32>(SITE_LOG + ((<usize>(filled & (SITE_LOG_ENTRIES - 1))) << 2), <u32>entry);
  store<u32>(SITES_FILLED, filled + 1);
}

/** Empties `count` entries, for new owners. */
export function clearSites(first: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) clearSite(SITES + <usize>(first + i) * SITE_BYTES);
}

/** Enters the unit at a virtual address into a link. */
export function fillLink(entry: usize, target: u64, index: u32, page: u32): void {
  log(entry);
  store<u64>(entry, target);
  store<u32>(entry, index, 8);
  store<u32>(entry, page, 12);
}
