// Translates what is hot: finds its region, has it written, and publishes it.
import { publishCode } from '../../lib/hypercalls.ts';
import { decodeAt } from '../machine/hart/decode.ts';
import { PAGE_HOST } from '../machine/hart/decode-cache.ts';
import { OP_UNIT } from '../machine/hart/decoder.generated.ts';
import { PAGE_BASE } from '../machine/hart/state.ts';
import { DECODED_PAGE_BYTES, DECODED_PAGES, MODULE } from '../machine/memory/layout.ts';
import { blockCount, COUNT, field } from './blocks.ts';
import { loopStart } from './control-flow.ts';
import { sitesUsed } from './memory-access.ts';
import { findRegion } from './region.ts';
import { writeUnit } from './structure.ts';
import { setUnitContext, unitContext } from './unit-context.ts';
import { installUnit, reserveUnit } from './unit-table.ts';

/** Instructions of a region, and of one whose code would be too long: some take a kilobyte and more. */
const MOST_INSTRUCTIONS: u32 = 600;
const FEW_INSTRUCTIONS: u32 = 100;
/** Loops around a place for which units are made with its own. */
const MAX_OUTER_LOOPS: i32 = 4;

/** What the unit's slot held must be an instruction, should the unit have to give it back. */
function decodeSlot(page: usize, slot: usize): void {
  const current = load<u32>(PAGE_BASE);
  store<u32>(PAGE_BASE, <u32>page);
  decodeAt(slot);
  store<u32>(PAGE_BASE, current);
}

/**
 * Finds the region of an offset. Where that lies in a loop that begins before it, the head of an inner loop mostly, a
 * region with all of the loop in it would take the loops for one, whose every variable the engine would carry round the
 * inner one. So the outer loops become units of their own, to which this one leads back.
 */
function findWithin(page: usize, host: usize, at: u32, instructions: u32): bool {
  let first: u32 = 0;
  for (let level = 0; level < MAX_OUTER_LOOPS; level++) {
    if (!findRegion(host, at, first, instructions)) return false;
    const start = loopStart();
    if (start == at) return true;
    const slot = page + ((<usize>start) << 2);
    if (load<u16>(slot) != <u16>OP_UNIT) translate(slot, 0, unitContext());
    first = start + 2;
  }
  return findRegion(host, at, at, instructions);
}

/** How many instructions the region of a slot has. */
export function instructionsFrom(slot: usize, context: u32): u32 {
  setUnitContext(context);
  const offset = (slot - DECODED_PAGES) % DECODED_PAGE_BYTES;
  const host = <usize>load<u32>(slot - offset, PAGE_HOST);
  if (offset >= 16384 || !findRegion(host, <u32>(offset >>> 2), 0, MOST_INSTRUCTIONS)) return 0;
  let instructions: u32 = 0;
  for (let block: u32 = 0; block < blockCount(); block++) instructions += field(block, COUNT);
  return instructions;
}

/**
 * Translates what begins at a slot of the decode cache, for a context; false when that cannot be. `single` as for writeUnit.
 */
export function translate(slot: usize, single: u32, context: u32): bool {
  setUnitContext(context);
  const offset = (slot - DECODED_PAGES) % DECODED_PAGE_BYTES;
  const page = slot - offset;
  if (offset >= 16384) return false;
  if (load<u16>(slot) == 0) decodeSlot(page, slot);
  const host = <usize>load<u32>(page, PAGE_HOST);
  if (!findWithin(page, host, <u32>(offset >>> 2), MOST_INSTRUCTIONS)) return false;
  let bytes = writeUnit(single);
  if (bytes == 0 && findWithin(page, host, <u32>(offset >>> 2), FEW_INSTRUCTIONS)) bytes = writeUnit(single);
  if (bytes == 0) return false;
  const index = reserveUnit(sitesUsed());
  if (publishCode(MODULE, bytes, index) != 0) return false;
  installUnit(index, slot, single, context);
  return true;
}
