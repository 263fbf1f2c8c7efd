// Pages of short functions in all of which something begins at the same places, so that it shows which page is mapped.
// They return by x1. The last one's last instruction lies across the end of the page.
import { addi, bne, FENCE_I, jalr, typeI, typeR, typeU } from './encoding.ts';
import { FUNCTION_PAGES } from './memory-layout.ts';
import type { Random } from './random.ts';

const PAGE_BYTES = 4096;
const FUNCTION_BYTES = 64;
const FUNCTIONS = 48;
/** Where the function begins that goes on in the next page. */
const CROSSING_AT = 0xff2;
const NOP = addi(0, 0, 0);
const RETURN = jalr(0, 1, 0);
const SHORT_RETURN = 0x8082;
/** What functions write; their loops count in the last. */
const [FIRST, COUNT, COUNTER] = [8, 7, 15];

/** Offsets in a page of what may be called. */
export const functionAt = (random: Random): number =>
  random.chance(0.15) ? CROSSING_AT : FUNCTION_BYTES * (1 + random.below(FUNCTIONS));

/** Offset of a function's first instruction, which programs may replace. */
export const patchedAt = (random: Random): number => FUNCTION_BYTES * (1 + random.below(FUNCTIONS));

/** An instruction that is legal with any other immediate, too. */
function randomImmediateWord(random: Random): number {
  const operation = random.chance(0.7) ? addi : typeI(0x13, 4);
  return operation(FIRST + random.below(COUNT), FIRST + random.below(COUNT), random.next32() & 0xfff);
}

/** An instruction that shows where and what it is. */
function randomFunctionWord(random: Random): number {
  const rd = FIRST + random.below(COUNT);
  const rs1 = FIRST + random.below(COUNT);
  return random.weighted([
    [8, randomImmediateWord(random)],
    [2, typeR(0x33, 0, 0)(rd, rs1, FIRST + random.below(COUNT))],
    [1, typeU(0x17)(rd, 0)],
  ]);
}

function functionWords(random: Random): number[] {
  // Patches reach the first instruction: neither an illegal one, which the handlers could not skip here, nor how often a
  // loop goes round may come of them.
  const first = randomImmediateWord(random);
  const body = Array.from({ length: 1 + random.below(5) }, () => randomFunctionWord(random));
  if (random.chance(0.05)) body.push(FENCE_I);
  if (random.chance(0.6)) return [first, ...body, RETURN];
  const start = addi(COUNTER, 0, 1 + random.below(6));
  const back = -4 * (body.length + 1);
  return [first, start, ...body, addi(COUNTER, COUNTER, -1), bne(COUNTER, 0, back), RETURN];
}

function writePage(random: Random, view: DataView, page: number): void {
  // The instruction across the end is addi x10, x10, …: its upper half, with the immediate, is the next page's.
  view.setUint16(page, ((random.next32() & 0xfff) << 4) | 5, true);
  view.setUint16(page + 2, SHORT_RETURN, true);
  for (let index = 1; index <= FUNCTIONS; index++)
    for (const [place, word] of functionWords(random).entries())
      view.setUint32(page + index * FUNCTION_BYTES + 4 * place, word, true);
  for (let at = CROSSING_AT; at < PAGE_BYTES - 2; at += 4)
    view.setUint32(page + at, random.chance(0.3) ? NOP : randomFunctionWord(random), true);
  view.setUint16(page + PAGE_BYTES - 2, addi(10, 10, 0) & 0xffff, true);
}

/** The content of the function pages. */
export function buildFunctionPages(random: Random): Uint8Array {
  const bytes = new Uint8Array(FUNCTION_PAGES * PAGE_BYTES);
  const view = new DataView(bytes.buffer);
  for (let page = 0; page < bytes.length; page += PAGE_BYTES) writePage(random, view, page);
  return bytes;
}
