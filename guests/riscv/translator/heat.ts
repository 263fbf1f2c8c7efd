// Which places are hot, in instructions that the interpreter ran from there, where it had to take over, to the next unit.
// A table by slot. Places that share an entry cool each other down: one that came earlier and is cold gives way, and of some
// that are equally hot, one after the other is translated. Entries are 8 bytes:
//
//   0  slot u32, its lowest bit WEIGHED     4  instructions missing until the place is translated u32
import { PAGE_HOST } from '../machine/hart/decode-cache.ts';
import { OP_UNIT } from '../machine/hart/decoder.generated.ts';
import {
  CONTEXT,
  FETCH_TLB,
  STRETCH_CONTEXT,
  STRETCH_COUNTER,
  STRETCH_PC,
  STRETCH_SLOT,
  TRANSLATING,
} from '../machine/hart/state.ts';
import { lookUp } from '../machine/hart/tlb.ts';
import { DECODED_PAGE_BYTES, DECODED_PAGES, HEAT } from '../machine/memory/layout.ts';
import { instructionsFrom, translate } from './translate.ts';

/** Where nothing can be translated, it is tried again at so many times the heat, and some: by then there may be other code. */
const ANEW: u64 = 16;
const ANEW_LEAST: u64 = 16_384;
/** A place cools the one that has its entry by this part of what it would be warmed itself. */
const COOLING: u32 = 4;
/** In an entry's slot: how much there is to translate has been looked at. */
const WEIGHED: u32 = 1;
/**
 * A region of so many instructions, or fewer, is translated at the heat that TRANSLATING says; longer ones in proportion,
 * but none, since most of a long one may be cold, for more than so many times that.
 */
const CHEAP: u32 = 36;
const DEAREST: u32 = 4;
/** What coming to the interpreter and leaving it costs, in instructions that it could run in that time. */
const CHANGEOVER: u32 = 16;
/** Offset of a page's last slot. */
const LAST_PARCEL: usize = 2047 * 8;

/** Whether the instruction of a slot, which no unit can have, goes on in the next page. */
function isCrossing(slot: usize): bool {
  if (slot < DECODED_PAGES) return false;
  const offset = (slot - DECODED_PAGES) % DECODED_PAGE_BYTES;
  return offset == LAST_PARCEL && (load<u16>(<usize>load<u32>(slot - offset, PAGE_HOST) + 4094) & 3) == 3;
}

/** Slot behind an instruction that goes on in the next page; 0 when that page is not in the fetch TLB. */
function slotBehind(pc: u64): usize {
  const entry = lookUp(<usize>load<u32>(FETCH_TLB), (pc & ~0xfff) + 4096);
  return entry ? <usize>load<u32>(entry, 8) + 8 : 0;
}

/** The interpreter goes on at a slot, for the instruction at `pc`, with `left` instructions of the slice. */
export function beginStretch(pc: u64, slot: usize, left: i32): void {
  store<u64>(STRETCH_PC, pc);
  store<u32>(STRETCH_SLOT, <u32>(isCrossing(slot) ? slotBehind(pc) : slot));
  store<u32>(STRETCH_CONTEXT, load<u32>(CONTEXT));
  store<i32>(STRETCH_COUNTER, left);
}

/**
 * It has come to a unit, or the slice's end, with `left` instructions: the place where it began becomes warmer, whose mode
 * may be another by now.
 */
export function endStretch(left: i32): void {
  const slot = <usize>load<u32>(STRETCH_SLOT);
  const run = load<i32>(STRETCH_COUNTER) - left;
  if (run > 0 && slot >= DECODED_PAGES && load<u16>(slot) != <u16>OP_UNIT)
    warmSlot(slot, <u32>run + CHANGEOVER);
}

function warmSlot(slot: usize, by: u32): void {
  const entry = HEAT + (((slot >>> 3) * 0x9e3779b1) >>> 19) * 8;
  const owner = load<u32>(entry);
  if ((owner & ~WEIGHED) != <u32>slot) {
    const least = <u64>load<u32>(TRANSLATING);
    const cooler = <u64>load<u32>(entry, 4) + by / COOLING;
    if (owner && cooler < (owner & WEIGHED ? least * DEAREST : least)) {
      store<u32>(entry, <u32>cooler, 4);
      return;
    }
    store<u32>(entry, <u32>slot);
    store<u32>(entry, <u32>least, 4);
  }
  const missing = load<u32>(entry, 4);
  if (missing > by) store<u32>(entry, missing - by, 4);
  else store<u32>(entry, translateOrWait(entry, slot), 4);
}

/** What is missing now: more for a region whose price that is, and for what is none. Who has become a unit needs no entry. */
function translateOrWait(entry: usize, slot: usize): u32 {
  const context = load<u32>(STRETCH_CONTEXT);
  const least = load<u32>(TRANSLATING);
  if (!(load<u32>(entry) & WEIGHED)) {
    store<u32>(entry, <u32>slot | WEIGHED);
    const instructions = min(instructionsFrom(slot, context), CHEAP * DEAREST);
    if (instructions > CHEAP) return <u32>((<u64>least * (instructions - CHEAP)) / CHEAP);
  }
  if (!translate(slot, 0, context)) return <u32>min<u64>(max<u64>(least * ANEW, ANEW_LEAST), i32.MAX_VALUE);
  store<u32>(entry, 0);
  return 0;
}
