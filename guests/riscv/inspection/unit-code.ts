// The guest's code that a unit was made of, read from the machine's memory (translator/unit-table.ts,
// machine/hart/decode-cache.ts). Runs outside of the sandbox, for developers: what it reads may be anything.
import { disassemble } from '../isa/disassemble.ts';
import { operationNumber } from '../isa/encoding.ts';
import {
  DECODED_PAGE_BYTES,
  DECODED_PAGES,
  FIRST_UNIT,
  UNIT_BYTES,
  UNIT_LIMIT,
  UNITS,
} from '../machine/memory/layout.ts';

/** Where a decoded page says at which host address its page is: PAGE_HOST. */
const PAGE_HOST = 16_432;
const LAST_PARCEL = 4094;

/**
 * Of the unit with a table index: gives the instruction at an offset of its page as text.
 * @returns undefined when the unit is no longer in its place, and its code maybe no longer what it was
 */
export function unitCode(
  memory: Uint8Array,
  tableIndex: number,
  pageVa: bigint,
): ((offset: number) => string) | undefined {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const unit = tableIndex - FIRST_UNIT;
  if (unit < 0 || unit >= UNIT_LIMIT) return undefined;
  const slot = view.getUint32(UNITS + unit * UNIT_BYTES, true);
  if (slot < DECODED_PAGES || slot + 8 > view.byteLength) return undefined;
  const isInPlace =
    view.getUint16(slot, true) === operationNumber('UNIT') && view.getUint32(slot + 4, true) === tableIndex;
  if (!isInPlace) return undefined;
  const page = slot - ((slot - DECODED_PAGES) % DECODED_PAGE_BYTES);
  const host = view.getUint32(page + PAGE_HOST, true);
  return (offset) => {
    const at = host + offset;
    if (offset > LAST_PARCEL || at + 4 > view.byteLength) return '?';
    const parcel = view.getUint16(at, true);
    const isLong = (parcel & 3) === 3;
    if (isLong && offset === LAST_PARCEL) return 'goes on in the next page';
    return disassemble(isLong ? view.getUint32(at, true) : parcel, pageVa + BigInt(offset));
  };
}
