// Decodes one instruction into one slot. A slot is 8 bytes; register operands are register numbers times eight:
//
//   0  operation u16     2  rd (stores, branches: rs2)     3  rs1
//   4  immediate i32; or rs2 u8 at 4, rounding mode u8 at 5, rs3 u8 at 6;
//      near branch or jump: distance to the target's slot i16 at 4, offset of the link in the page u16 at 6
//
// Whatever depends on the pc is kept relative to the page's virtual address, because a physical page can be mapped
// at several addresses.

import { PAGE_HOST, PAGE_WRITES } from './decode-cache.ts';
import {
  expanded,
  OP_CROSSING,
  OP_ILLEGAL,
  OP_LOAD_DISCARD,
  OP_NOTHING,
  operationOf,
  PACK_BRANCH,
  PACK_FLOAT,
  PACK_FLOAT4,
  PACK_IMMEDIATE,
  PACK_JUMP,
  PACK_JUMP_REGISTER,
  PACK_LOAD,
  PACK_NOTHING,
  PACK_RAW,
  PACK_REGISTER,
  PACK_SHIFT,
  PACK_STORE,
  PACK_UPPER,
  PACK_UPPER_RELATIVE,
} from './decoder.generated.ts';
import { PAGE_BASE } from './state.ts';

/** Decodes the instruction whose slot of the current page is at `ip`. */
export function decodeAt(ip: usize): void {
  const base = <usize>load<u32>(PAGE_BASE);
  const offset = (ip - base) >>> 2;
  const host = <usize>load<u32>(base, PAGE_HOST) + offset;
  store<u32>(base, 0, PAGE_WRITES);
  const parcel = <u32>load<u16>(host);
  if ((parcel & 3) != 3) decodeInto(ip, expanded(parcel), 2, <i32>offset);
  else if (offset == 4094) store<u16>(ip, <u16>OP_CROSSING);
  else decodeInto(ip, parcel | ((<u32>load<u16>(host, 2)) << 16), 4, <i32>offset);
}

function rd(word: u32): u32 {
  return (word >>> 7) & 31;
}

function rs1(word: u32): u32 {
  return (word >>> 15) & 31;
}

function rs2(word: u32): u32 {
  return (word >>> 20) & 31;
}

/** How far a branch leads, in bytes. */
export function branchOffset(word: u32): i32 {
  return (
    ((<i32>word >> 31) << 12) |
    <i32>(((word >>> 7) & 1) << 11) |
    <i32>(((word >>> 25) & 63) << 5) |
    <i32>(((word >>> 8) & 15) << 1)
  );
}

/** How far a jump leads, in bytes. */
export function jumpOffset(word: u32): i32 {
  return (
    ((<i32>word >> 31) << 20) |
    <i32>(word & 0xff000) |
    <i32>(((word >>> 20) & 1) << 11) |
    <i32>(((word >>> 21) & 0x3ff) << 1)
  );
}

function setSlot(slot: usize, operation: u32, a: u32, b: u32): void {
  store<u16>(slot, <u16>operation);
  store<u8>(slot, <u8>(a << 3), 2);
  store<u8>(slot, <u8>(b << 3), 3);
}

/**
 * Decodes `word`, `length` bytes long in memory, at `offset` of its page into `slot`. Offset -1 and less stand for
 * a slot outside of its page's run of slots, where no transfer may be near: then the offset is -1 - offset.
 */
export function decodeInto(slot: usize, word: u32, length: u32, offset: i32): void {
  const inPlace = offset >= 0;
  const at = inPlace ? offset : -1 - offset;
  const answer = operationOf(word);
  const packing = (answer >>> 16) & 0xff;
  let operation = answer & 0xffff;
  if (answer == 0) {
    setSlot(slot, OP_ILLEGAL, 0, 0);
    return;
  }
  if (packing == PACK_BRANCH) {
    packBranch(slot, word, operation + (length == 2 ? 2 : 0), at, inPlace);
    return;
  }
  if (packing == PACK_JUMP) {
    packJump(slot, word, operation, length, at, inPlace);
    return;
  }
  if (length == 2 && (answer & 0x1000000) != 0 && packing != PACK_JUMP_REGISTER) operation++;
  packPlain(slot, word, operation, packing, length, at);
}

function packBranch(slot: usize, word: u32, operation: u32, at: i32, inPlace: bool): void {
  const distance = branchOffset(word);
  const target = at + distance;
  const near = inPlace && target >= 0 && target < 4096;
  setSlot(slot, near ? operation : operation + 1, rs2(word), rs1(word));
  if (near) store<i16>(slot, <i16>(distance * 4), 4);
  else store<i32>(slot, target, 4);
}

function packJump(slot: usize, word: u32, operation: u32, length: u32, at: i32, inPlace: bool): void {
  const distance = jumpOffset(word);
  const target = at + distance;
  const near = inPlace && target >= 0 && target < 4096;
  setSlot(slot, operation + (near ? 0 : 1) + (rd(word) == 0 ? 2 : 0), rd(word), 0);
  if (near) {
    store<i16>(slot, <i16>(distance * 4), 4);
    store<u16>(slot, <u16>(at + <i32>length), 6);
  } else {
    store<u8>(slot, <u8>length, 3);
    store<i32>(slot, target, 4);
  }
}

function packPlain(slot: usize, word: u32, operation: u32, packing: u32, length: u32, at: i32): void {
  const d = rd(word);
  const discards =
    packing == PACK_REGISTER
      ? (word & 0x7f) != 0x2f
      : packing == PACK_IMMEDIATE ||
        packing == PACK_SHIFT ||
        packing == PACK_UPPER ||
        packing == PACK_UPPER_RELATIVE;
  if (packing == PACK_NOTHING || (discards && d == 0)) {
    setSlot(slot, length == 2 ? OP_NOTHING + 1 : OP_NOTHING, 0, 0);
    return;
  }
  setSlot(slot, operation, d, rs1(word));
  if (packing == PACK_REGISTER) {
    store<i32>(slot, <i32>(rs2(word) << 3), 4);
  } else if (packing == PACK_SHIFT) {
    store<i32>(slot, <i32>((word >>> 20) & 63), 4);
  } else if (packing == PACK_STORE) {
    store<u8>(slot, <u8>(rs2(word) << 3), 2);
    store<i32>(slot, ((<i32>word >> 25) << 5) | <i32>rd(word), 4);
  } else if (packing == PACK_UPPER) {
    store<i32>(slot, <i32>(word & 0xfffff000), 4);
  } else if (packing == PACK_UPPER_RELATIVE) {
    store<i32>(slot, <i32>(word & 0xfffff000) + at, 4);
  } else if (packing == PACK_JUMP_REGISTER) {
    if (d == 0) store<u16>(slot, <u16>(operation + 1));
    store<i16>(slot, <i16>(<i32>word >> 20), 4);
    store<u16>(slot, <u16>(at + <i32>length), 6);
  } else if (packing == PACK_RAW) {
    store<u32>(slot, word, 4);
  } else if (packing == PACK_FLOAT || packing == PACK_FLOAT4) {
    packFloat(slot, word);
  } else {
    if (packing == PACK_LOAD && d == 0) {
      store<u16>(slot, <u16>(length == 2 ? OP_LOAD_DISCARD + 1 : OP_LOAD_DISCARD));
      store<u8>(slot, <u8>((<u32>1) << ((word >>> 12) & 3)), 2);
    }
    store<i32>(slot, <i32>word >> 20, 4);
  }
}

function packFloat(slot: usize, word: u32): void {
  store<u8>(slot, <u8>(rs2(word) << 3), 4);
  store<u8>(slot, <u8>((word >>> 12) & 7), 5);
  store<u8>(slot, <u8>((word >>> 27) << 3), 6);
}
