// What the translator tells whoever looks at it, where OBSERVED says that somebody does: units carry marks, a constant
// that is dropped at once before the code of each instruction, its offset in the page; and it is counted why, and for
// which places most, units hand over to the interpreter. A table by address of what the interpreter goes on with; what
// collides wears each other down, so that counts are at most too low. Entries are 32 bytes:
//
//   0  virtual address u64     8  reason u32 (leave-reasons.ts)     12  times u32     16  the instruction there u32
import { PAGE_HOST } from '../machine/hart/decode-cache.ts';
import { OP_UNIT } from '../machine/hart/decoder.generated.ts';
import {
  CROSSED_SLOT,
  FETCH_TLB,
  LEAVE_COUNTS,
  LEFT_INSTRUCTION,
  OBSERVED,
  PC,
  STOP_AT,
  UNWIND_PC,
} from '../machine/hart/state.ts';
import { lookUp } from '../machine/hart/tlb.ts';
import { LEAVE_BYTES, LEAVE_ENTRIES, LEAVES } from '../machine/memory/layout.ts';
import {
  LEAVE_COLD,
  LEAVE_CONTEXT,
  LEAVE_INSTRUCTION,
  LEAVE_SLICE,
  LEAVE_SYSTEM,
  LEAVE_TWO_PAGES,
  LEAVE_UNIT,
  LEAVE_UNMAPPED,
} from './leave-reasons.ts';
import { UNWINDING } from './system.ts';
import { emit, emitAccess, emitConst32 } from './wasm-writer.ts';

const DROP: u8 = 0x1a;
const I32_STORE: u8 = 0x36;

/** Before the code of the instruction at offset `at`. */
export function emitMark(at: u32): void {
  if (!load<u32>(OBSERVED)) return;
  emitConst32(<i32>at);
  emit(DROP);
}

/** Where a unit leaves an instruction to the interpreter. */
export function emitLeftInstruction(): void {
  if (!load<u32>(OBSERVED)) return;
  emitConst32(0);
  emitConst32(1);
  emitAccess(I32_STORE, LEFT_INSTRUCTION);
}

/** Counts that the unit at `pc`, entered with `n` instructions left, was left with `left` of them. */
export function noteLeave(pc: u64, n: i32, left: i32): void {
  const isUnwinding = load<u64>(PC) == UNWINDING;
  const next = isUnwinding ? load<u64>(UNWIND_PC) : load<u64>(PC);
  const entry = lookUp(<usize>load<u32>(FETCH_TLB), next);
  const page: usize = entry ? <usize>load<u32>(entry, 8) : 0;
  const isUnchanged = left == n && next == pc;
  const reason = isUnwinding ? LEAVE_SYSTEM : reasonFor(next, left, page, isUnchanged);
  store<u32>(LEFT_INSTRUCTION, 0);
  const count = LEAVE_COUNTS + ((<usize>reason) << 3);
  store<u64>(count, load<u64>(count) + 1);
  notePlace(next, reason, page);
}

function reasonFor(next: u64, left: i32, page: usize, isUnchanged: bool): u32 {
  if (load<u32>(CROSSED_SLOT)) return LEAVE_TWO_PAGES;
  if (load<u32>(LEFT_INSTRUCTION)) return LEAVE_INSTRUCTION;
  if (left <= load<i32>(STOP_AT)) return LEAVE_SLICE;
  if (isUnchanged) return LEAVE_CONTEXT;
  if (!page) return LEAVE_UNMAPPED;
  return load<u16>(page + ((<usize>(next & 0xffe)) << 2)) == <u16>OP_UNIT ? LEAVE_UNIT : LEAVE_COLD;
}

function notePlace(pc: u64, reason: u32, page: usize): void {
  const hash = (<u32>(pc >>> 1) * 0x9e3779b1) >>> 23;
  const entry = LEAVES + <usize>(hash & (LEAVE_ENTRIES - 1)) * LEAVE_BYTES;
  const times = load<u32>(entry, 12);
  if (load<u64>(entry) == pc && load<u32>(entry, 8) == reason) {
    store<u32>(entry, times + 1, 12);
    return;
  }
  if (times > 1) {
    store<u32>(entry, times - 1, 12);
    return;
  }
  store<u64>(entry, pc);
  store<u32>(entry, reason, 8);
  store<u32>(entry, 1, 12);
  store<u32>(entry, page ? instructionIn(page, <usize>(pc & 0xffe)) : 0, 16);
}

/** The instruction at an offset of a decoded page; of one that goes on in the next page, the first half. */
function instructionIn(page: usize, offset: usize): u32 {
  const host = <usize>load<u32>(page, PAGE_HOST) + offset;
  const parcel = <u32>load<u16>(host);
  return (parcel & 3) != 3 || offset == 4094 ? parcel : load<u32>(host);
}
