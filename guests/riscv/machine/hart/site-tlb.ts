// The site TLB: translations that translated code keeps, one for each group of memory accesses
// (translator/access-groups.ts). A group's entry is its own: nothing else fills it or asks it. Entries are 32 bytes:
//
//   0  highest u64     8  limit u32     16  delta u32
// An entry answers for base registers with (highest - register) < limit, unsigned; the group's first byte is then at
// host address register + delta (modulo 2^32). An entry with limit 0 answers for none.
import { SITE_BYTES, SITE_LOG, SITE_LOG_ENTRIES, SITES } from '../memory/layout.ts';
import { SITES_FILLED } from './state.ts';

/** To be called whenever an entry of a data TLB goes. */
export function flushSites(): void {
  const filled = load<u32>(SITES_FILLED);
  for (let i: u32 = 0; i < filled; i++) clearSite(<usize>load<u32>(SITE_LOG + ((<usize>i) << 2)));
  store<u32>(SITES_FILLED, 0);
}

function clearSite(entry: usize): void {
  store<u32>(entry, 0, 8);
}

/** Empties `count` entries, for new owners. */
export function clearSites(first: u32, count: u32): void {
  memory.fill(SITES + <usize>first * SITE_BYTES, 0, <usize>count * SITE_BYTES);
}

/**
 * Enters into the entry at `entry` that a group of `span` bytes, whose first byte is at `register` + `lowest`, may lie
 * anywhere in the page of that byte; `host` is that byte's host address.
 */
export function fillSite(entry: usize, register: u64, lowest: i32, span: u32, host: usize): void {
  const page = (register + <i64>lowest) & ~0xfff;
  if (load<u32>(entry, 8) == 0) {
    if (load<u32>(SITES_FILLED) == SITE_LOG_ENTRIES) flushSites();
    const filled = load<u32>(SITES_FILLED);
    store<u32>(SITE_LOG + ((<usize>filled) << 2), <u32>entry);
    store<u32>(SITES_FILLED, filled + 1);
  }
  store<u64>(entry, page - <i64>lowest + <u64>(4096 - span));
  store<u32>(entry, 4097 - span, 8);
  store<u32>(entry, <u32>(host - <usize>register), 16);
}
