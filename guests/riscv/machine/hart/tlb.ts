// The translation caches. A bank has those of one privilege in one address space:
//
//   0x0000  read TLB     0x2000  write TLB     0x4000  fetch TLB     0x6000  jump cache (jump-cache.ts)
//   0xa000  which pages were ever entered, a bit each by a hash: 32,768 bits
// A TLB has 512 entries of 16 bytes, in pairs 256 apart. Its address says which of them a page belongs in; the page that
// belongs there, too, moves to the other one first:
//
//   0  tag u64: virtual page address, all ones when empty      8  u32: data: host address minus virtual address;
//                                                                 fetch: the decoded page
// So no two pages in use keep each other out, as a stack's and a table's would in one process of 512: a loop over both would
// be interpreted, as one over three pages of a pair still can be. Pages that follow each other are in different pairs
// (memory-access.ts).
// Bank 0 is of mode M, 1 of mode S, 2 to 9 of mode U in each address space, 10 to 17 of data that mode S reaches with SUM
// there. So changes of mode, SUM or address space drop nothing but what is in bank 1 and not global. MXR and PMP drop
// everything.
import { BANK_BYTES, BANKS, EMPTY_TLB, TLB_BYTES } from '../memory/layout.ts';
import {
  FETCH_TLB,
  JUMP_CACHE,
  MODE,
  MSTATUS,
  READ_TLB,
  SPACE,
  SUPERVISOR_LOCAL,
  TRACING,
  WALK_GLOBAL,
  WRITE_TLB,
} from './state.ts';
import { MSTATUS_MPP, MSTATUS_MPRV, MSTATUS_SUM } from './status-bits.ts';
import { setContext } from './stop.ts';

export const SPACE_COUNT: u32 = 8;
export const BANK_MACHINE: u32 = 0;
export const BANK_SUPERVISOR: u32 = 1;
export const BANK_USER: u32 = 2;
export const BANK_USER_DATA: u32 = BANK_USER + SPACE_COUNT;
export const BANK_COUNT: u32 = BANK_USER_DATA + SPACE_COUNT;

export const WRITE: usize = TLB_BYTES;
export const FETCH: usize = 2 * TLB_BYTES;
export const JUMPS: usize = 3 * TLB_BYTES;
/** Between an entry's address and that of the other of its pair: what differs. */
export const OTHER: usize = TLB_BYTES / 2;
const EMPTY: u64 = u64.MAX_VALUE;
const ENTERED: usize = 0xa000;
const ENTERED_BYTES: usize = 0x1000;

// Data contexts: 0 U, 1 S, 2 S with SUM, 3 M.
const CONTEXT_USER: u32 = 0;
const CONTEXT_SUPERVISOR: u32 = 1;
const CONTEXT_SUPERVISOR_USER: u32 = 2;
const CONTEXT_MACHINE: u32 = 3;

export function bankAt(bank: u32): usize {
  return BANKS + <usize>bank * BANK_BYTES;
}

/** The privilege by which loads and stores are judged. */
export function dataMode(): u32 {
  const status = load<u64>(MSTATUS);
  return status & MSTATUS_MPRV ? <u32>((status & MSTATUS_MPP) >> 11) : load<u32>(MODE);
}

function dataContext(): u32 {
  const mode = dataMode();
  if (mode == 3) return CONTEXT_MACHINE;
  if (mode == 0) return CONTEXT_USER;
  return load<u64>(MSTATUS) & MSTATUS_SUM ? CONTEXT_SUPERVISOR_USER : CONTEXT_SUPERVISOR;
}

function bankOfData(context: u32): u32 {
  if (context == CONTEXT_MACHINE) return BANK_MACHINE;
  if (context == CONTEXT_SUPERVISOR) return BANK_SUPERVISOR;
  return (context == CONTEXT_USER ? BANK_USER : BANK_USER_DATA) + load<u32>(SPACE);
}

/** To be called whenever mode, MPRV, MPP, SUM or the address space changed. */
export function contextChanged(): void {
  const context = dataContext();
  const read = bankAt(bankOfData(context));
  store<u32>(READ_TLB, <u32>read);
  store<u32>(WRITE_TLB, <u32>(load<u32>(TRACING) ? EMPTY_TLB : read + WRITE));
  const mode = load<u32>(MODE);
  setContext(context | (mode << 2));
  const code = bankAt(mode == 3 ? BANK_MACHINE : mode == 1 ? BANK_SUPERVISOR : BANK_USER + load<u32>(SPACE));
  store<u32>(FETCH_TLB, <u32>(code + FETCH));
  store<u32>(JUMP_CACHE, <u32>(code + JUMPS));
}

/** Whether what units of a context know of addresses holds in one address space alone. */
export function isBoundToSpace(context: u32): bool {
  const data = context & 3;
  return context < 4 || data == CONTEXT_USER || data == CONTEXT_SUPERVISOR_USER;
}

/** Addresses of the upper half, mostly the kernel's, have bits of their own. */
function enteredAt(bank: usize, va: u64): usize {
  return bank + ENTERED + ((<usize>(va >> 15) & (ENTERED_BYTES / 2 - 1)) | ((<usize>(va >> 63)) << 11));
}

function enteredBit(va: u64): u32 {
  return 1 << (<u32>(va >> 12) & 7);
}

function entryOf(tlb: usize, va: u64): usize {
  return tlb + ((<usize>va >>> 8) & (TLB_BYTES - 16));
}

function put(entry: usize, tag: u64, data: u32): void {
  store<u64>(entry, tag);
  store<u32>(entry, data, 8);
}

/** Entry for the page of `va`, brought to where it is looked for first; or 0. */
export function lookUp(tlb: usize, va: u64): usize {
  const entry = entryOf(tlb, va);
  const tag = va & ~0xfff;
  if (load<u64>(entry) == tag) return entry;
  const other = entry ^ OTHER;
  if (load<u64>(other) != tag) return 0;
  const data = load<u32>(other, 8);
  put(other, load<u64>(entry), load<u32>(entry, 8));
  put(entry, tag, data);
  return entry;
}

function enter(bank: usize, tlb: usize, va: u64, data: u32): void {
  const entry = entryOf(tlb, va);
  const tag = va & ~0xfff;
  const before = load<u64>(entry);
  if (before != EMPTY && before != tag && entryOf(tlb, before) == entry)
    put(entry ^ OTHER, before, load<u32>(entry, 8));
  put(entry, tag, data);
  const at = enteredAt(bank, va);
  store<u8>(at, <u8>(load<u8>(at) | enteredBit(va)));
  // What the page walk found last is this page.
  if (bank == bankAt(BANK_SUPERVISOR) && (!load<u32>(WALK_GLOBAL) || <i64>va >= 0))
    store<u32>(SUPERVISOR_LOCAL, 1);
}

/** Enters a page of RAM at host address `host` (of the byte at `va`), just walked to, into the current read or write TLB. */
export function enterData(tlb: usize, va: u64, host: usize): void {
  enter(<usize>load<u32>(READ_TLB), tlb, va, <u32>(host - <usize>va));
}

/** Enters the decoded page of a virtual page, just walked to, into the current fetch TLB. */
export function enterCode(va: u64, page: usize): void {
  const tlb = <usize>load<u32>(FETCH_TLB);
  enter(tlb - FETCH, tlb, va, <u32>page);
}

/** Drops what a bank's TLBs have of the page of `va`; false when they never had anything of it. */
export function dropPage(bank: u32, va: u64): bool {
  const at = bankAt(bank);
  if (!(load<u8>(enteredAt(at, va)) & enteredBit(va))) return false;
  const tag = va & ~0xfff;
  const first = entryOf(at, va);
  for (let entry = first; entry < first + JUMPS; entry += TLB_BYTES) {
    if (load<u64>(entry) == tag) store<u64>(entry, EMPTY);
    if (load<u64>(entry ^ OTHER) == tag) store<u64>(entry ^ OTHER, EMPTY);
  }
  return true;
}

/** Empties a bank's TLBs. */
export function emptyBank(bank: u32): void {
  memory.fill(bankAt(bank), 0xff, JUMPS);
  memory.fill(bankAt(bank) + ENTERED, 0, ENTERED_BYTES);
}

/** Empties all fetch TLBs: a decoded page goes. */
export function emptyFetchTlbs(): void {
  for (let bank: u32 = 0; bank < BANK_USER_DATA; bank++) memory.fill(bankAt(bank) + FETCH, 0xff, TLB_BYTES);
}

/** Takes a page, by its host address, out of all write TLBs. */
export function protectHost(host: usize): void {
  for (let bank: u32 = 0; bank < BANK_COUNT; bank++) {
    const tlb = bankAt(bank) + WRITE;
    for (let entry = tlb; entry < tlb + TLB_BYTES; entry += 16) {
      const va = load<u64>(entry);
      if (va != EMPTY && <usize>va + load<u32>(entry, 8) == host) store<u64>(entry, EMPTY);
    }
  }
}
