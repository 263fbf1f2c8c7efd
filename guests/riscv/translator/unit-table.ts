// Which slots of the decode cache hold units. A unit takes the place of the slot of its first instruction: whoever jumps
// there finds it, whatever maps the page, and when the page's slots go, the unit goes. Entries are 32 bytes:
//
//   0  address of the slot u32, 0 = free     4  context u32     8  what the slot held before u64
//   16  number of its first entry of the site TLB u32     20  times that it left at a page's end u32
//   24  base registers whose accesses are checked one by one u32, a bit each
// Unit i has table index FIRST_UNIT + i (memory/layout.ts).
import { PAGE_HOST, PAGE_UNITS } from '../machine/hart/decode-cache.ts';
import { OP_END_OF_PAGE, OP_UNIT } from '../machine/hart/decoder.generated.ts';
import { addressOf, jumpSlow, leave } from '../machine/hart/fetch.ts';
import { flushAllJumps } from '../machine/hart/jump-cache.ts';
import { clearSites } from '../machine/hart/site-tlb.ts';
import {
  CONTEXT,
  COUNTER,
  CROSSED_REGISTER,
  CROSSED_SLOT,
  NEXT_SITE,
  OBSERVED,
  PAGE_BASE,
  PAGE_VA,
  PC,
  STEP_SLOT,
  STOP_AT,
  UNIT_BUDGET,
  UNIT_INSTRUCTIONS,
  UNITS_GONE,
  UNITS_MADE,
  UNWIND_PC,
} from '../machine/hart/state.ts';
import { stopSlice } from '../machine/hart/stop.ts';
import {
  DECODED_PAGE_BYTES,
  DECODED_PAGES,
  FIRST_UNIT,
  SITE_LIMIT,
  UNIT_BYTES,
  UNIT_LIMIT,
  UNITS,
} from '../machine/memory/layout.ts';
import { beginStretch, endStretch } from './heat.ts';
import { noteLeave } from './observation.ts';
import { UNWINDING } from './system.ts';
import { translate } from './translate.ts';

/** Leaves at a page's end after which a unit is made anew. */
const MOST_CROSSINGS: u32 = 32;

function entryOf(index: u32): usize {
  return UNITS + <usize>(index - FIRST_UNIT) * UNIT_BYTES;
}

/** Table index for a new unit with `sites` entries of the site TLB; the oldest units go when there is no room. */
export function reserveUnit(sites: u32): u32 {
  const made = load<u32>(UNITS_MADE);
  let oldest = load<u32>(UNITS_GONE);
  const first = load<u32>(NEXT_SITE);
  while (
    oldest != made &&
    (made - oldest >= load<u32>(UNIT_BUDGET) || first + sites - siteOf(oldest) > SITE_LIMIT)
  )
    evict(FIRST_UNIT + (oldest++ & (UNIT_LIMIT - 1)));
  store<u32>(UNITS_GONE, oldest);
  const index = FIRST_UNIT + (made & (UNIT_LIMIT - 1));
  store<u32>(entryOf(index), 0);
  store<u32>(entryOf(index), first, 16);
  const at = first & (SITE_LIMIT - 1);
  const straight = min(sites, SITE_LIMIT - at);
  clearSites(at, straight);
  clearSites(0, sites - straight);
  store<u32>(NEXT_SITE, first + sites);
  store<u32>(UNITS_MADE, made + 1);
  return index;
}

/** Number of the first site of the unit that was made as number `number`. */
function siteOf(number: u32): u32 {
  return load<u32>(entryOf(FIRST_UNIT + (number & (UNIT_LIMIT - 1))), 16);
}

/** Takes a unit away: its number and its sites will be another's. */
function evict(index: u32): void {
  const slot = <usize>load<u32>(entryOf(index));
  if (slot != 0 && load<u16>(slot) == <u16>OP_UNIT && load<u32>(slot, 4) == index) removeUnit(index);
  // Should it be waiting for a call's return, it must not go on.
  stopSlice();
}

/** Gives back the slot of a unit that is in its place. */
function removeUnit(index: u32): void {
  const entry = entryOf(index);
  store<u64>(<usize>load<u32>(entry), load<u64>(entry, 8));
  flushAllJumps();
}

/** Puts a unit in the place of a slot; `single`: base registers whose accesses it checks one by one. */
export function installUnit(index: u32, slot: usize, single: u32, context: u32): void {
  const entry = entryOf(index);
  store<u32>(entry, 0, 20);
  store<u32>(entry, single, 24);
  store<u32>(entry, <u32>slot);
  store<u32>(entry, context, 4);
  store<u64>(entry, load<u64>(slot), 8);
  store<u16>(slot, <u16>OP_UNIT);
  store<u32>(slot, index, 4);
  const page = slot - ((slot - DECODED_PAGES) % DECODED_PAGE_BYTES);
  store<u32>(page, load<u32>(page, PAGE_UNITS) + 1, PAGE_UNITS);
}

/**
 * Runs the unit in slot `ip` with `n` instructions left, leaves the rest in COUNTER; the slot to go on at. What was
 * interpreted since the last unit makes the place where that began warmer.
 */
export function enterUnit(ip: usize, n: i32): usize {
  const pc = addressOf(ip);
  endStretch(n);
  let left = n;
  // Making a unit may have taken this one away.
  if (load<u16>(ip) == <u16>OP_UNIT) {
    const index = load<u32>(ip, 4);
    left = call_indirect<i32>(index, n, 0, load<u64>(PAGE_VA), load<u32>(PAGE_BASE));
    if (load<u32>(OBSERVED)) noteLeave(pc, n, left);
    store<u64>(UNIT_INSTRUCTIONS, load<u64>(UNIT_INSTRUCTIONS) + <u64>(<i64>(n - left)));
    if (load<u32>(CROSSED_SLOT)) noteCrossing();
    let next = load<u64>(PC);
    if (next == UNWINDING) {
      next = load<u64>(UNWIND_PC);
      store<u64>(PC, next);
    }
    store<i32>(COUNTER, left);
    if (left == n && next == pc && load<i32>(STOP_AT) < n) {
      beginStretch(pc, ip, n);
      return originalAt(ip, index, pc, n);
    }
    const slot = jumpSlow(next);
    beginStretch(next, slot, left);
    return slot;
  }
  store<i32>(COUNTER, left);
  return ip;
}

/**
 * A unit had to leave because accesses that it checks together lie in two pages, as those to a function's frame may do
 * each time it is called. When that goes on, the unit is made anew with each of them checked alone.
 */
function noteCrossing(): void {
  const slot = <usize>load<u32>(CROSSED_SLOT);
  store<u32>(CROSSED_SLOT, 0);
  if (load<u16>(slot) != <u16>OP_UNIT) return;
  const index = load<u32>(slot, 4);
  const entry = entryOf(index);
  const times = load<u32>(entry, 20) + 1;
  store<u32>(entry, times, 20);
  if (times < MOST_CROSSINGS) return;
  const single = load<u32>(entry, 24) | ((<u32>1) << load<u32>(CROSSED_REGISTER));
  removeUnit(index);
  translate(slot, single, load<u32>(entry, 4));
}

/**
 * Where the interpreter goes on at a unit that did nothing: a unit for another context goes; else its first
 * instruction, which it cannot do, is in a slot of its own, and behind it the way to the next one, where the
 * interpreter's stretch begins.
 */
function originalAt(ip: usize, index: u32, pc: u64, n: i32): usize {
  const offset = <usize>(pc & 0xfff);
  if (load<u16>(ip) != <u16>OP_UNIT || load<u32>(ip, 4) != index) return jumpSlow(pc);
  if (load<u32>(entryOf(index), 4) != load<u32>(CONTEXT)) {
    removeUnit(index);
    return ip;
  }
  store<u64>(STEP_SLOT, load<u64>(entryOf(index), 8));
  store<u16>(STEP_SLOT + 8, <u16>OP_END_OF_PAGE);
  store<u16>(STEP_SLOT + 16, <u16>OP_END_OF_PAGE);
  const page = <usize>load<u32>(PAGE_BASE);
  const behind = offset + ((load<u16>(<usize>load<u32>(page, PAGE_HOST) + offset) & 3) == 3 ? 4 : 2);
  beginStretch((pc & ~0xfff) + <u64>behind, behind < 4096 ? page + (behind << 2) : 0, n);
  store<u32>(PAGE_BASE, <u32>(STEP_SLOT - (offset << 2)));
  return STEP_SLOT;
}
