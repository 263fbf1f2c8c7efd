// Decoded code pages, one per guest physical page that was executed. A page of slots, one slot per parcel:
//
//        0  slot of parcel 0: operation u16 | 2 | 3 | 4..7    (hart/decode.ts: operands; operation 0: not decoded)
//        8  slot of parcel 1 ...
//   16,384  END_OF_PAGE
//   16,400  the instruction that crosses into the next page; 16,416 END_OF_PAGE after it; 16,424 its bits
//   16,432  host address of the page u32, its RAM page number u32, stores that came to it since its last decode u32,
//           slots that hold units u32 (translator/unit-table.ts)
//
// A page that has slots is in no write TLB, so that a store to it comes to `invalidateDecoded`.
import {
  DECODE_MAP,
  DECODED_PAGE_BYTES,
  DECODED_PAGE_COUNT,
  DECODED_PAGES,
  RAM_BASE,
} from '../memory/layout.ts';
import { OP_END_OF_PAGE, OP_UNIT } from './decoder.generated.ts';
import { flushAllJumps } from './jump-cache.ts';
import { flushAllSites } from './site-tlb.ts';
import { DECODED_NEXT, DECODED_USED, PAGE_BASE } from './state.ts';
import { stopSlice } from './stop.ts';
import { emptyFetchTlbs, protectHost } from './tlb.ts';

export const END_SLOT: usize = 16384;
export const CROSSING_SLOT: usize = 16400;
export const CROSSING_END: usize = 16416;
export const CROSSING_WORD: usize = 16424;
export const PAGE_HOST: usize = 16432;
export const PAGE_NUMBER: usize = 16436;
export const PAGE_WRITES: usize = 16440;
export const PAGE_UNITS: usize = 16444;

/** The longest run of parcels that one slot may stand for before its last parcel (two fused full instructions). */
const REACH_BACK: usize = 3;
/** Stores to a page without a decode between them after which its slots are given up. */
const WRITES_UNTIL_DROPPED: u32 = 64;

/** Decoded page of a RAM page, or 0. */
export function decodedPage(ramPage: usize): usize {
  const number = <usize>load<u16>(DECODE_MAP + (ramPage << 1));
  return number ? DECODED_PAGES + (number - 1) * DECODED_PAGE_BYTES : 0;
}

/** Decoded page of a RAM page, made if there is none; may evict another one. */
export function decodedPageFor(ramPage: usize): usize {
  const known = decodedPage(ramPage);
  if (known) return known;
  let number = load<u32>(DECODED_USED);
  if (number < DECODED_PAGE_COUNT) {
    store<u32>(DECODED_USED, number + 1);
  } else {
    number = load<u32>(DECODED_NEXT);
    store<u32>(DECODED_NEXT, number + 1 == DECODED_PAGE_COUNT ? 0 : number + 1);
    drop(DECODED_PAGES + <usize>number * DECODED_PAGE_BYTES);
  }
  const page = DECODED_PAGES + <usize>number * DECODED_PAGE_BYTES;
  memory.fill(page, 0, END_SLOT);
  store<u16>(page, <u16>OP_END_OF_PAGE, END_SLOT);
  store<u16>(page, <u16>OP_END_OF_PAGE, CROSSING_END);
  store<u32>(page, 0, CROSSING_WORD);
  store<u32>(page, <u32>(RAM_BASE + (ramPage << 12)), PAGE_HOST);
  store<u32>(page, <u32>ramPage, PAGE_NUMBER);
  store<u32>(page, 0, PAGE_WRITES);
  store<u32>(page, 0, PAGE_UNITS);
  store<u16>(DECODE_MAP + (ramPage << 1), <u16>(number + 1));
  protectPage(RAM_BASE + (ramPage << 12));
  return page;
}

/** Takes a page out of the map; slots that still lie there are found by no jump any more. */
function drop(page: usize): void {
  store<u16>(DECODE_MAP + ((<usize>load<u32>(page, PAGE_NUMBER)) << 1), 0);
  emptyFetchTlbs();
  flushAllJumps();
  endUnits();
}

/** Forgets the units of a page: one that begins elsewhere in it may stand for what was written. */
function dropUnits(page: usize): void {
  if (load<u32>(page, PAGE_UNITS) == 0) return;
  store<u32>(page, 0, PAGE_UNITS);
  flushAllJumps();
  endUnits();
  for (let slot = page; slot < page + END_SLOT; slot += 8) {
    if (load<u16>(slot) == <u16>OP_UNIT) store<u64>(slot, 0);
  }
}

/** Makes units that wait for a call's return, or run a loop, give up: they may be of code that is no more. */
function endUnits(): void {
  stopSlice();
}

/** Takes a page, by its host address, out of whatever stores go by. */
function protectPage(host: usize): void {
  protectHost(host);
  flushAllSites();
}

/** Undoes the decoding of whatever covers `length` bytes of RAM from offset `at`; cheap where nothing was decoded. */
export function invalidateDecoded(at: usize, length: usize): void {
  const last = at + length - 1;
  for (let ramPage = at >>> 12; ramPage <= last >>> 12; ramPage++) {
    const page = decodedPage(ramPage);
    if (!page) continue;
    const from = ramPage == at >>> 12 ? at & 0xfff : 0;
    const to = ramPage == last >>> 12 ? last & 0xfff : 0xfff;
    let parcel = from >>> 1;
    parcel = parcel > REACH_BACK ? parcel - REACH_BACK : 0;
    dropUnits(page);
    for (; parcel <= to >>> 1; parcel++) store<u64>(page + (parcel << 3), 0);
    const writes = load<u32>(page, PAGE_WRITES) + 1;
    store<u32>(page, writes, PAGE_WRITES);
    if (writes > WRITES_UNTIL_DROPPED && !isCurrent(page)) {
      drop(page);
      memory.fill(page, 0, END_SLOT);
    }
  }
}

/** Whether the inner loop is in this page or in its crossing instruction. */
function isCurrent(page: usize): bool {
  const base = <usize>load<u32>(PAGE_BASE);
  return base >= page - END_SLOT && base < page + DECODED_PAGE_BYTES;
}
