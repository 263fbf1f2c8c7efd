// The order of a region's blocks, and which of them all ways to a block lead through.
import {
  beginOrder,
  blockCount,
  blockInOrder,
  DOMINATOR,
  endOrder,
  field,
  headBlock,
  IS_LOOP,
  JOINS,
  NONE,
  ORDINAL,
  orderedBlocks,
  putFirst,
  setField,
  TO_NEXT,
  TO_TAKEN,
} from './blocks.ts';

/** Depth-first from a block; numbers it once its successors have been. */
function visit(block: u32): void {
  setField(block, ORDINAL, 0);
  for (let side: usize = 0; side < 4; side += 2) {
    const to = field(block, TO_TAKEN + side);
    if (to != NONE && field(to, ORDINAL) == NONE) visit(to);
  }
  putFirst(block);
}

/** Puts the blocks that the head leads to in reverse postorder. */
export function order(): void {
  for (let block: u32 = 0; block < blockCount(); block++) {
    setField(block, ORDINAL, NONE);
    setField(block, DOMINATOR, NONE);
    setField(block, JOINS, 0);
    setField(block, IS_LOOP, 0);
  }
  beginOrder();
  visit(headBlock());
  endOrder();
}

/** The nearest block that dominates both. */
export function commonDominator(a: u32, b: u32): u32 {
  while (a != b) {
    if (field(a, ORDINAL) > field(b, ORDINAL)) a = field(a, DOMINATOR);
    else b = field(b, DOMINATOR);
  }
  return a;
}

/** Immediate dominators of the blocks in order (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm"). */
export function dominate(): void {
  setField(headBlock(), DOMINATOR, headBlock());
  let changed = true;
  while (changed) {
    changed = false;
    for (let i: u32 = 1; i < orderedBlocks(); i++) {
      const block = blockInOrder(i);
      let dominator = NONE;
      for (let j: u32 = 0; j < orderedBlocks(); j++) {
        const from = blockInOrder(j);
        if (field(from, TO_TAKEN) != block && field(from, TO_NEXT) != block) continue;
        if (field(from, DOMINATOR) == NONE) continue;
        dominator = dominator == NONE ? from : commonDominator(from, dominator);
      }
      if (dominator != field(block, DOMINATOR)) {
        setField(block, DOMINATOR, dominator);
        changed = true;
      }
    }
  }
}

export function dominates(a: u32, block: u32): bool {
  let b = block;
  while (b != a && b != headBlock()) b = field(b, DOMINATOR);
  return b == a;
}
