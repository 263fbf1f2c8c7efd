// Which places are hot, in instructions that the interpreter ran from there, where it had to take over, to the next unit.
// A table by slot; what collides cools each other down, so that it must be large beside the number of hot places.
import { OP_UNIT } from '../machine/hart/decoder.generated.ts';
import { FETCH_TLB, TRANSLATING } from '../machine/hart/state.ts';
import { HEAT } from '../machine/memory/layout.ts';
import { translate } from './translate.ts';

/** Heat of what could not be translated: it would take another page at this slot to cool it. */
const HOPELESS: u32 = 0x8000_0000;

/** The place's slot, if it is in the fetch TLB, becomes warmer. */
export function warm(pc: u64, by: u32): void {
  const entry = <usize>load<u32>(FETCH_TLB) + ((<usize>pc >>> 8) & 0x1ff0);
  if (load<u64>(entry) != (pc & ~0xfff)) return;
  const slot = <usize>load<u32>(entry, 8) + ((<usize>(pc & 0xffe)) << 2);
  if (by && load<u16>(slot) != <u16>OP_UNIT) warmSlot(slot, by);
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
  store<u32>(entry, translate(slot, 0) ? 0 : HOPELESS, 4);
}
