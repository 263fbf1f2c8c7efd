// Which places are hot, in instructions that the interpreter ran from there, where it had to take over, to the next unit.
// A table by slot; what collides cools each other down, so that it must be large beside the number of hot places.
import { OP_UNIT } from '../machine/hart/decoder.generated.ts';
import {
  CONTEXT,
  STRETCH_CONTEXT,
  STRETCH_COUNTER,
  STRETCH_PC,
  STRETCH_SLOT,
  TRANSLATING,
} from '../machine/hart/state.ts';
import { DECODED_PAGES, HEAT } from '../machine/memory/layout.ts';
import { translate } from './translate.ts';

/** Heat of what could not be translated: it would take another page at this slot to cool it. */
const HOPELESS: u32 = 0x8000_0000;
/** What coming to the interpreter and leaving it costs, in instructions that it could run in that time. */
const CHANGEOVER: u32 = 16;

/** The interpreter goes on at a slot, for the instruction at `pc`, with `left` instructions of the slice. */
export function beginStretch(pc: u64, slot: usize, left: i32): void {
  store<u64>(STRETCH_PC, pc);
  store<u32>(STRETCH_SLOT, <u32>slot);
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
  if (load<u32>(entry) != <u32>slot) {
    const heat = load<u32>(entry, 4);
    if (heat > by && heat < HOPELESS) {
      store<u32>(entry, heat - by, 4);
      return;
    }
    store<u32>(entry, <u32>slot);
    store<u32>(entry, 0, 4);
  }
  const heat = load<u32>(entry, 4) + by;
  store<u32>(entry, heat, 4);
  if (heat < load<u32>(TRANSLATING) || heat >= HOPELESS) return;
  store<u32>(entry, translate(slot, 0, load<u32>(STRETCH_CONTEXT)) ? 0 : HOPELESS, 4);
}
