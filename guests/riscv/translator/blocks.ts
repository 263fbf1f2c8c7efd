// The blocks of the region being translated: their fields, their order, which of them begins the region. Reckoned anew for
// each region; nothing of it outlives the translation.
import { REGION } from '../machine/memory/layout.ts';

const BLOCKS: usize = REGION + 0x10000;
const BLOCK_BYTES: usize = 80;
/** Block numbers in reverse postorder, a byte each. */
const ORDER: usize = REGION + 0x5000;
export const MAX_BLOCKS: u32 = 250;
export const NONE: u32 = 0xffff;
export const KIND_FALL: u32 = 0;
export const KIND_BRANCH: u32 = 1;
export const KIND_GOTO: u32 = 2;
export const KIND_CALL: u32 = 3;
export const KIND_INDIRECT: u32 = 4;
export const KIND_INDIRECT_CALL: u32 = 5;
export const KIND_STOP: u32 = 6;
export const KIND_SYSTEM: u32 = 7;
/** An empty block: goes on at TO_TAKEN where LOCAL_ENTRY says so, else at TO_NEXT. */
export const KIND_DISPATCH: u32 = 8;
// Fields of a block.
export const START: usize = 0;
/** Offset behind the last instruction. */
export const END: usize = 2;
export const COUNT: usize = 4;
export const KIND: usize = 6;
/** Where a taken branch, a jump or a call goes: i32, relative to the page. */
export const TAKEN: usize = 8;
/** Offset of the last instruction. */
export const LAST: usize = 12;
/** Blocks that follow when taken and when not (or after a call's return), or NONE. */
export const TO_TAKEN: usize = 16;
export const TO_NEXT: usize = 18;
export const ORDINAL: usize = 20;
export const DOMINATOR: usize = 22;
export const JOINS: usize = 24;
export const IS_LOOP: usize = 26;
export const WRITTEN: usize = 28;
export const DIRTY: usize = 32;
export const LAST_WORD: usize = 36;
/** Registers that the block reads before it writes them. */
export const READ: usize = 40;
/** Registers whose values matter where the block begins. */
export const LIVE: usize = 44;
/** Whether an instruction before the last may leave the unit. */
export const MAY_LEAVE: usize = 48;
/** As LIVE, but for what the region itself reads: what is only live is stored in case the unit is left. */
export const READ_LATER: usize = 60;
/** Registers that the block stores at its end because nothing in the region will read them. */
export const STORED: usize = 64;
/** Of a loop's head: registers that the loop's blocks name. The others are in memory while the loop runs. */
export const NAMED: usize = 68;
/** What LOCAL_ENTRY becomes on the way to TO_TAKEN, and on that to TO_NEXT: the number of a dispatch, or 0. */
export const ENTRY: usize = 72;
/** Head of the innermost loop that the block is in, and of the loop around a head's own; or NONE. */
export const LOOP_OF: usize = 50;
export const OUTER: usize = 52;
/** The block in whose code, or behind whose loop, the block's code goes when it needs a label; NONE when it does not. */
export const WITHIN: usize = 54;
export const BEHIND: usize = 56;
let blocks: u32 = 0;
let ordered: u32 = 0;
let head: u32 = 0;

export function blockCount(): u32 {
  return blocks;
}

export function headBlock(): u32 {
  return head;
}

export function field(block: u32, at: usize): u32 {
  return load<u16>(BLOCKS + <usize>block * BLOCK_BYTES + at);
}

export function wideField(block: u32, at: usize): u32 {
  return load<u32>(BLOCKS + <usize>block * BLOCK_BYTES + at);
}

export function setField(block: u32, at: usize, value: u32): void {
  store<u16>(BLOCKS + <usize>block * BLOCK_BYTES + at, <u16>value);
}

export function setWide(block: u32, at: usize, value: u32): void {
  store<u32>(BLOCKS + <usize>block * BLOCK_BYTES + at, value);
}

export function isNone(block: u32): bool {
  return block == NONE;
}

export function orderedBlocks(): u32 {
  return ordered;
}

export function blockInOrder(ordinal: u32): u32 {
  return load<u8>(ORDER + ordinal);
}

export function isInLoop(block: u32, loop: u32): bool {
  let inner = field(block, LOOP_OF);
  while (inner != loop && inner != NONE) inner = field(inner, OUTER);
  return inner == loop;
}

/** Whether a block's code begins with a label to branch to. */
export function hasLabel(block: u32): bool {
  return field(block, WITHIN) != NONE || field(block, BEHIND) != NONE;
}

/** Begins a region without blocks. */
export function clearBlocks(): void {
  blocks = 0;
}

/** A block more, all of whose fields are zero; its number. */
export function newBlock(): u32 {
  const block = blocks++;
  memory.fill(BLOCKS + <usize>block * BLOCK_BYTES, 0, BLOCK_BYTES);
  return block;
}

/** A block more, like another; its number. */
export function copyBlock(block: u32): u32 {
  const copy = newBlock();
  memory.copy(BLOCKS + <usize>copy * BLOCK_BYTES, BLOCKS + <usize>block * BLOCK_BYTES, BLOCK_BYTES);
  return copy;
}

export function setHead(block: u32): void {
  head = block;
}

/** Begins an order of the blocks. */
export function beginOrder(): void {
  ordered = 0;
}

/** Puts a block before those that are in order. */
export function putFirst(block: u32): void {
  store<u8>(ORDER + <usize>(MAX_BLOCKS - ++ordered), <u8>block);
}

/** Numbers the blocks that were put in order. */
export function endOrder(): void {
  memory.copy(ORDER, ORDER + <usize>(MAX_BLOCKS - ordered), ordered);
  for (let i: u32 = 0; i < ordered; i++) setField(blockInOrder(i), ORDINAL, i);
}
