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
import { CONTEXT, SITES_FILLED } from './state.ts';
import { isBoundToSpace } from './tlb.ts';

const LOG_BYTES: usize = (<usize>SITE_LOG_ENTRIES) << 2;

/** Where units of a context count the entries that they fill; and their log. */
export function sitesFilledBy(context: u32): usize {
  return SITES_FILLED + (isBoundToSpace(context) ? 4 : 0);
}

export function siteLogOf(context: u32): usize {
  return SITE_LOG + (isBoundToSpace(context) ? LOG_BYTES : 0);
}

function flushLog(counter: usize, log: usize): void {
  const filled = load<u32>(counter);
  // In a full log the next entry that is filled anew takes the place of another's: units write before they count.
  if (filled >= SITE_LOG_ENTRIES) clearSites(0, SITE_LIMIT);
  else for (let i: u32 = 0; i < filled; i++) clearSite(<usize>load<u32>(log + ((<usize>i) << 2)));
  store<u32>(counter, 0);
}

/** To be called whenever an entry of a data TLB, or of a fetch TLB, goes that holds in one address space alone. */
export function flushBoundSites(): void {
  flushLog(SITES_FILLED + 4, SITE_LOG + LOG_BYTES);
}

/** The same for entries that hold in all. */
export function flushAllSites(): void {
  flushLog(SITES_FILLED, SITE_LOG);
  flushBoundSites();
}

function clearSite(entry: usize): void {
  store<i64>(entry, -1);
  store<u32>(entry, 0, 8);
}

/** Remembers an entry that is to be filled. Units do as much themselves. */
function log(entry: usize): void {
  if (load<u32>(entry, 8) != 0) return;
  const counter = sitesFilledBy(load<u32>(CONTEXT));
  const filled = load<u32>(counter);
  const place = siteLogOf(load<u32>(CONTEXT)) + ((<usize>(filled & (SITE_LOG_ENTRIES - 1))) << 2);
  store<u32>(place, <u32>entry);
  store<u32>(counter, filled + 1);
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
