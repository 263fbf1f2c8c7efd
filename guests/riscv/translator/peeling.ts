// Loops with several entries, which compilers make by threading jumps: all ways round such a loop lead through one block
// mostly, if not through one that is entered from without. That block becomes the loop's only entry when whoever comes from
// without first goes through copies of the others ("node splitting"; Aho and others, "Compilers", 2nd edition, section 9.7.6).
import { REGION } from '../machine/memory/layout.ts';
import {
  blockCount,
  COUNT,
  copyBlock,
  DOMINATOR,
  ENTRY,
  field,
  KIND,
  KIND_DISPATCH,
  MAX_BLOCKS,
  NONE,
  ORDINAL,
  setField,
  TO_NEXT,
  TO_TAKEN,
} from './blocks.ts';
import { commonDominator, dominates } from './dominators.ts';

// By block, a byte each: whether it is in the loop; whether a copy is needed, later the copy's number; a search's marks.
const IN_LOOP: usize = REGION + 0x2000;
const COPIED: usize = REGION + 0x2100;
const MARKS: usize = REGION + 0x2200;
const BYTES: usize = 0x100;

/** Instructions that may be copied in a region. */
const MOST_COPIED: u32 = 64;
/** Blocks of a loop whose every block is tried as its entry, which takes as long as the cube of their number. */
const MOST_BLOCKS: u32 = 64;
/** Blocks left for dispatches. */
const SPARE_BLOCKS: u32 = 16;
let copied: u32 = 0;

export function beginPeeling(): void {
  copied = 0;
}

function has(set: usize, block: u32): bool {
  return block != NONE && load<u8>(set + block) != 0;
}

function sizeOf(set: usize): u32 {
  let size: u32 = 0;
  for (let block: u32 = 0; block < blockCount(); block++) if (has(set, block)) size++;
  return size;
}

function leadsInto(block: u32, set: usize): bool {
  return has(set, field(block, TO_TAKEN)) || has(set, field(block, TO_NEXT));
}

/** Adds to a set what of `within` its blocks lead to. */
function closeForward(set: usize, within: usize): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (let block: u32 = 0; block < blockCount(); block++) {
      if (!has(set, block)) continue;
      for (let side = TO_TAKEN; side <= TO_NEXT; side += 2) {
        const to = field(block, side);
        if (!has(within, to) || has(set, to)) continue;
        store<u8>(set + to, 1);
        changed = true;
      }
    }
  }
}

/** Removes from a set, time and again, what leads to nothing in it; true when nothing is left, as without a loop. */
function isWithoutLoop(set: usize): bool {
  let changed = true;
  let left = false;
  while (changed) {
    changed = false;
    left = false;
    for (let block: u32 = 0; block < blockCount(); block++) {
      if (!has(set, block)) continue;
      if (leadsInto(block, set)) left = true;
      else {
        store<u8>(set + block, 0);
        changed = true;
      }
    }
  }
  return !left;
}

/** Finds the blocks of the loop that an edge closes, of those that what dominates both its ends dominates. */
function findLoop(from: u32, to: u32): void {
  const around = commonDominator(from, to);
  memory.fill(IN_LOOP, 0, BYTES);
  memory.fill(MARKS, 0, BYTES);
  for (let block: u32 = 0; block < blockCount(); block++)
    if (block != around && field(block, ORDINAL) != NONE && dominates(around, block))
      store<u8>(MARKS + block, 1);
  store<u8>(IN_LOOP + to, 1);
  closeForward(IN_LOOP, MARKS);
  // What does not lead back to `to` falls away: such blocks lead to nothing but their like.
  memory.fill(MARKS, 0, BYTES);
  store<u8>(MARKS + to, 1);
  let changed = true;
  while (changed) {
    changed = false;
    for (let block: u32 = 0; block < blockCount(); block++) {
      if (!has(IN_LOOP, block) || has(MARKS, block) || !leadsInto(block, MARKS)) continue;
      store<u8>(MARKS + block, 1);
      changed = true;
    }
  }
  memory.copy(IN_LOOP, MARKS, BYTES);
}

/** Marks in COPIED what is entered from without and is not `head`, and where that leads before it comes to `head`. */
function markCopied(head: u32): void {
  memory.fill(COPIED, 0, BYTES);
  for (let block: u32 = 0; block < blockCount(); block++) {
    if (has(IN_LOOP, block) || field(block, ORDINAL) == NONE) continue;
    for (let side = TO_TAKEN; side <= TO_NEXT; side += 2) {
      const to = field(block, side);
      if (has(IN_LOOP, to) && to != head) store<u8>(COPIED + to, 1);
    }
  }
  store<u8>(IN_LOOP + head, 0);
  closeForward(COPIED, IN_LOOP);
  store<u8>(IN_LOOP + head, 1);
}

/** Instructions to be copied for the loop to have `head` for its only entry; too many when it has loops without it. */
function costOf(head: u32): u32 {
  memory.copy(MARKS, IN_LOOP, BYTES);
  store<u8>(MARKS + head, 0);
  if (!isWithoutLoop(MARKS)) return MOST_COPIED + 1;
  markCopied(head);
  let instructions: u32 = 0;
  let blocks: u32 = 0;
  for (let block: u32 = 0; block < blockCount(); block++) {
    if (!has(COPIED, block)) continue;
    if (field(block, KIND) == KIND_DISPATCH || field(block, ENTRY) || field(block, ENTRY + 2))
      return MOST_COPIED + 1;
    instructions += field(block, COUNT);
    blocks++;
  }
  return blockCount() + blocks > MAX_BLOCKS - SPARE_BLOCKS ? MOST_COPIED + 1 : instructions;
}

/** Copies what is marked, and lets all that is not in the loop lead to the copies. */
function copyMarked(): void {
  const before = blockCount();
  for (let block: u32 = 0; block < before; block++)
    if (has(COPIED, block)) store<u8>(COPIED + block, <u8>copyBlock(block));
  for (let block: u32 = 0; block < blockCount(); block++) {
    if (block < before && has(IN_LOOP, block)) continue;
    for (let side = TO_TAKEN; side <= TO_NEXT; side += 2) {
      const to = field(block, side);
      if (has(COPIED, to)) setField(block, side, load<u8>(COPIED + to));
    }
  }
}

/** Gives the loop that an edge closes a single entry; false when that takes too many copies. */
export function peelLoop(from: u32, to: u32): bool {
  findLoop(from, to);
  if (!has(IN_LOOP, from) || sizeOf(IN_LOOP) > MOST_BLOCKS) return false;
  let head = NONE;
  let least = MOST_COPIED + 1 - copied;
  for (let block: u32 = 0; block < blockCount(); block++) {
    if (!has(IN_LOOP, block)) continue;
    const cost = costOf(block);
    if (cost == 0 || cost >= least) continue;
    least = cost;
    head = block;
  }
  if (head == NONE) return false;
  copied += least;
  markCopied(head);
  copyMarked();
  return true;
}
