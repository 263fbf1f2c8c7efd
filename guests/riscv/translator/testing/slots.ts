// Where a machine's code is decoded (memory/layout.ts, hart/decode-cache.ts), and what has become a unit.
import { OP_UNIT } from '../../machine/hart/decoder.generated.ts';
import type { BareMachine } from '../../machine/testing/bare-host.ts';

const RAM = 0x8000_0000;
const [DECODE_MAP, DECODED_PAGES, DECODED_PAGE_BYTES] = [0x100000, 0x300000, 16512];

/** Address of the slot for an offset in the page that was the `number`-th to be decoded, from 0. */
export const slotIn = (number: number, offset: number): number =>
  DECODED_PAGES + number * DECODED_PAGE_BYTES + offset * 4;

/** Address of the slot for a physical address whose page has been decoded. */
export function slotOf(machine: BareMachine, address: number): number {
  const number = machine.view.getUint16(DECODE_MAP + ((address - RAM) >>> 12) * 2, true);
  return slotIn(number - 1, address & 0xfff);
}

export const isUnit = (machine: BareMachine, address: number): boolean =>
  machine.view.getUint16(slotOf(machine, address), true) === OP_UNIT;
