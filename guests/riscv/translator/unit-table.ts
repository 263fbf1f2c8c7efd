// Which slots of the decode cache hold units. A unit takes the place of the slot of its first instruction: whoever jumps
// there finds it, whatever maps the page, and when the page's slots go, the unit goes. Entries are 16 bytes:
//
//   0  address of the slot u32, 0 = free     8  what the slot held before u64
// Unit i has table index FIRST_UNIT + i.
import { PAGE_UNITS } from '../machine/hart/decode-cache.ts';
import { OP_EXIT, OP_UNIT } from '../machine/hart/decoder.generated.ts';
import { addressOf, jumpSlow } from '../machine/hart/fetch.ts';
import { COUNTER, PAGE_BASE, PC, STEP_SLOT, STOP_AT, UNIT_EPOCH, UNITS_MADE } from '../machine/hart/state.ts';
import { DECODED_PAGE_BYTES, DECODED_PAGES, UNIT_LIMIT, UNITS } from '../machine/memory/layout.ts';

/** Above whatever functions of the machine's own are in the table. */
export const FIRST_UNIT: u32 = 1024;

function entryOf(index: u32): usize {
  return UNITS + ((<usize>(index - FIRST_UNIT)) << 4);
}

/** Table index for a new unit; the oldest goes when all are taken. */
export function reserveUnit(): u32 {
  const made = load<u32>(UNITS_MADE);
  const index = FIRST_UNIT + (made & (UNIT_LIMIT - 1));
  const entry = entryOf(index);
  const slot = <usize>load<u32>(entry);
  if (slot != 0 && load<u16>(slot) == <u16>OP_UNIT && load<u32>(slot, 4) == index) {
    store<u64>(slot, load<u64>(entry, 8));
    store<u32>(UNIT_EPOCH, load<u32>(UNIT_EPOCH) + 1);
  }
  store<u32>(entry, 0);
  return index;
}

/** Puts a unit in the place of a slot. */
export function installUnit(index: u32, slot: usize): void {
  const entry = entryOf(index);
  store<u32>(entry, <u32>slot);
  store<u64>(entry, load<u64>(slot), 8);
  store<u16>(slot, <u16>OP_UNIT);
  store<u32>(slot, index, 4);
  const page = slot - ((slot - DECODED_PAGES) % DECODED_PAGE_BYTES);
  store<u32>(page, load<u32>(page, PAGE_UNITS) + 1, PAGE_UNITS);
  store<u32>(UNITS_MADE, load<u32>(UNITS_MADE) + 1);
}

/** Runs the unit in slot `ip` with `n` instructions left, leaves the rest in COUNTER; the slot to go on at. */
export function enterUnit(ip: usize, n: i32): usize {
  const pc = addressOf(ip);
  const index = load<u32>(ip, 4);
  const left = call_indirect<i32>(index, n);
  store<i32>(COUNTER, left);
  const next = load<u64>(PC);
  if (left == n && next == pc && load<i32>(STOP_AT) < n) return originalAt(ip, index, pc);
  return jumpSlow(next);
}

/** Where the instruction that the unit stands for, and then the way out of the inner loop, is: the unit cannot do it. */
function originalAt(ip: usize, index: u32, pc: u64): usize {
  const offset = <usize>(pc & 0xfff);
  if (load<u16>(ip) != <u16>OP_UNIT) return jumpSlow(pc);
  store<u64>(STEP_SLOT, load<u64>(entryOf(index), 8));
  store<u16>(STEP_SLOT + 8, <u16>OP_EXIT);
  store<u16>(STEP_SLOT + 16, <u16>OP_EXIT);
  store<u32>(PAGE_BASE, <u32>(STEP_SLOT - (offset << 2)));
  return STEP_SLOT;
}
