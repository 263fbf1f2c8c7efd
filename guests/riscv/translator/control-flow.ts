// Loops of a region's blocks, and where their code goes. Where an edge leads back into a loop elsewhere than at its head, the
// first pass through the loop gets code of its own (peeling.ts). Where that would be too much, an empty block before what
// dominates both ends, a dispatch, becomes the loop's head and leads on to either (after Carr and others, "Preserving
// Structure in Irreducible Loops": one more variable instead of code written twice).
import { REGION } from '../machine/memory/layout.ts';
import {
  BEHIND,
  blockCount,
  blockInOrder,
  DOMINATOR,
  END,
  ENTRY,
  field,
  headBlock,
  IS_LOOP,
  isInLoop,
  JOINS,
  KIND,
  KIND_DISPATCH,
  LOOP_OF,
  NONE,
  newBlock,
  ORDINAL,
  OUTER,
  orderedBlocks,
  START,
  setField,
  setHead,
  setWide,
  TAKEN,
  TO_NEXT,
  TO_TAKEN,
  WITHIN,
} from './blocks.ts';
import { commonDominator, dominate, dominates, order } from './dominators.ts';
import { beginPeeling, peelLoop } from './peeling.ts';

const STACK: usize = REGION + 0x1800;
let stacked: u32 = 0;
export const MAX_DISPATCHES: u32 = 8;
let dispatches: u32 = 0;

/**
 * Sees to an edge back into a loop elsewhere than at its head: peels the loop, or has the edge go through a dispatch before
 * what dominates both its ends, or out of the unit when there are too many.
 */
function redirect(from: u32, side: usize): void {
  const to = field(from, TO_TAKEN + side);
  if (peelLoop(from, to)) return;
  if (dispatches == MAX_DISPATCHES || field(from, ENTRY + side)) {
    setField(from, TO_TAKEN + side, NONE);
    setField(from, ENTRY + side, 0);
    return;
  }
  const before = commonDominator(from, to);
  const dispatch = newBlock();
  dispatches++;
  setField(dispatch, START, field(before, START));
  setField(dispatch, END, field(before, START));
  setField(dispatch, KIND, KIND_DISPATCH);
  for (let block: u32 = 0; block < dispatch; block++) {
    for (let at: usize = TO_TAKEN; at <= TO_NEXT; at += 2)
      if (field(block, at) == before) setField(block, at, dispatch);
  }
  setField(dispatch, TO_TAKEN, to);
  setWide(dispatch, TAKEN, field(to, START));
  setField(dispatch, TO_NEXT, before);
  setField(from, TO_TAKEN + side, dispatch);
  setField(from, ENTRY + side, dispatch);
  if (headBlock() == before) setHead(dispatch);
}

/** Marks loops and joins; false when an edge had to be redirected, after which everything is to be worked out again. */
function classify(): bool {
  for (let i: u32 = 0; i < orderedBlocks(); i++) {
    const block = blockInOrder(i);
    for (let side: usize = 0; side < 4; side += 2) {
      const to = field(block, TO_TAKEN + side);
      if (to == NONE) continue;
      if (field(to, ORDINAL) > i) setField(to, JOINS, field(to, JOINS) + 1);
      else if (dominates(to, block)) setField(to, IS_LOOP, 1);
      else {
        redirect(block, side);
        return false;
      }
    }
  }
  return true;
}

function isBackEdge(from: u32, to: u32): bool {
  return to != NONE && field(to, ORDINAL) <= field(from, ORDINAL);
}

function pushPredecessors(block: u32, backOnly: bool): void {
  for (let i: u32 = 0; i < orderedBlocks(); i++) {
    const from = blockInOrder(i);
    if (field(from, TO_TAKEN) != block && field(from, TO_NEXT) != block) continue;
    if (backOnly && !isBackEdge(from, block)) continue;
    store<u16>(STACK + ((<usize>stacked) << 1), <u16>from);
    stacked++;
  }
}

/** Finds which blocks are in the loop of a head; inner loops have been found before. */
function findLoop(loop: u32): void {
  setField(loop, LOOP_OF, loop);
  stacked = 0;
  pushPredecessors(loop, true);
  while (stacked > 0) {
    stacked--;
    let block = <u32>load<u16>(STACK + ((<usize>stacked) << 1));
    if (field(block, LOOP_OF) == NONE) setField(block, LOOP_OF, loop);
    else {
      block = field(block, LOOP_OF);
      while (block != loop && field(block, OUTER) != NONE) block = field(block, OUTER);
      if (block == loop) continue;
      setField(block, OUTER, loop);
    }
    pushPredecessors(block, false);
  }
}

/**
 * Decides where each block's code goes. What a loop's blocks dominate but is not in the loop goes behind it: the engine
 * takes every variable that is set within a WebAssembly loop for one of the loop's own.
 */
function place(): void {
  for (let i: u32 = 0; i < orderedBlocks(); i++) {
    const block = blockInOrder(i);
    setField(block, LOOP_OF, NONE);
    setField(block, OUTER, NONE);
  }
  for (let i = orderedBlocks(); i > 0; i--) {
    const block = blockInOrder(i - 1);
    if (field(block, IS_LOOP)) findLoop(block);
  }
  for (let i: u32 = 0; i < orderedBlocks(); i++) {
    const block = blockInOrder(i);
    const dominator = field(block, DOMINATOR);
    let left: u32 = NONE;
    let loop = block == headBlock() ? NONE : field(dominator, LOOP_OF);
    while (loop != NONE && !isInLoop(block, loop)) {
      left = loop;
      loop = field(loop, OUTER);
    }
    setField(block, BEHIND, left);
    setField(block, WITHIN, left == NONE && field(block, JOINS) > 1 ? dominator : NONE);
  }
}

/** Offset of the first block of the loop around the region's first block; that block's own when there is none. */
export function loopStart(): u32 {
  let lowest = field(headBlock(), START);
  for (let i: u32 = 0; i < orderedBlocks(); i++) {
    const block = blockInOrder(i);
    if (isInLoop(block, headBlock())) lowest = min(lowest, field(block, START));
  }
  return lowest;
}

/** Works out order, dominators and loops of the region that begins with block 0, and where the blocks' code goes. */
export function findControlFlow(): void {
  setHead(0);
  dispatches = 0;
  beginPeeling();
  do {
    order();
    dominate();
  } while (!classify());
  place();
}
