// Which registers matter where, in a region's blocks: what may differ from memory, what is read later, what a loop does not
// name and therefore leaves in memory, what is stored because nothing but a way out of the unit wants it.
import {
  blockCount,
  blockInOrder,
  DIRTY,
  field,
  IS_LOOP,
  isInLoop,
  KIND,
  KIND_BRANCH,
  KIND_CALL,
  KIND_DISPATCH,
  KIND_FALL,
  KIND_GOTO,
  KIND_INDIRECT_CALL,
  LIVE,
  LOOP_OF,
  MAY_LEAVE,
  NAMED,
  NONE,
  ORDINAL,
  OUTER,
  orderedBlocks,
  READ,
  READ_LATER,
  STORED,
  setWide,
  TO_NEXT,
  TO_TAKEN,
  WRITTEN,
  wideField,
} from './blocks.ts';

/** Sums up which registers the blocks of each loop name. */
function nameRegisters(): void {
  for (let i: u32 = 0; i < orderedBlocks(); i++) {
    const block = blockInOrder(i);
    const named = wideField(block, READ) | wideField(block, WRITTEN);
    let loop = field(block, LOOP_OF);
    while (loop != NONE) {
      setWide(loop, NAMED, wideField(loop, NAMED) | named);
      loop = field(loop, OUTER);
    }
  }
}

/** Registers to be in memory when a block goes on at another: what the loop does not name that begins there. */
export function leftOutside(from: u32, to: u32): u32 {
  return field(to, IS_LOOP) && !isInLoop(from, to) ? ~wideField(to, NAMED) : 0;
}

/** Registers that are in memory where a block goes on at another: what the loop does not name that ends there. */
export function foundOutside(from: u32, to: u32): u32 {
  const loop = field(from, LOOP_OF);
  return loop == NONE || isInLoop(to, loop) ? 0 : ~wideField(loop, NAMED);
}

/** Registers that may differ from memory at the end of a block; behind a call none do, since it needs them there. */
export function dirtyAtEnd(block: u32): u32 {
  return (wideField(block, DIRTY) | wideField(block, WRITTEN)) & ~wideField(block, STORED);
}

function isCall(kind: u32): bool {
  return kind == KIND_CALL || kind == KIND_INDIRECT_CALL;
}

function spreadDirt(): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (let i: u32 = 0; i < orderedBlocks(); i++) {
      const block = blockInOrder(i);
      const dirty = isCall(field(block, KIND)) ? 0 : dirtyAtEnd(block);
      for (let side: usize = 0; side < 4; side += 2) {
        const to = field(block, TO_TAKEN + side);
        if (to == NONE) continue;
        const all = wideField(to, DIRTY) | (dirty & ~leftOutside(block, to));
        if (all == wideField(to, DIRTY)) continue;
        setWide(to, DIRTY, all);
        changed = true;
      }
    }
  }
}

/** Whether a block's end may lead out of the unit, or to a call. */
function mayEndUnit(block: u32): bool {
  const kind = field(block, KIND);
  if (kind == KIND_DISPATCH) return false;
  if (kind != KIND_BRANCH && kind != KIND_GOTO && kind != KIND_FALL) return true;
  const taken = field(block, TO_TAKEN);
  const next = field(block, TO_NEXT);
  if (kind != KIND_FALL && isExit(block, taken)) return true;
  return kind != KIND_GOTO && isExit(block, next);
}

function isExit(block: u32, to: u32): bool {
  return to == NONE || field(to, ORDINAL) <= field(block, ORDINAL);
}

/** Registers that matter where a block's successors within the region begin: LIVE or READ_LATER. */
function behind(block: u32, at: usize): u32 {
  if (isCall(field(block, KIND))) return 0;
  let registers: u32 = 0;
  for (let side: usize = 0; side < 4; side += 2) {
    const to = field(block, TO_TAKEN + side);
    if (to != NONE) registers |= wideField(to, at) & ~foundOutside(block, to);
  }
  return registers;
}

/**
 * Has each block store what is needed later only should the unit be left. Kept in a variable instead, it would take up a
 * register of the processor, or be stored by the engine all the same.
 */
function storeWhatIsNotRead(): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (let i = orderedBlocks(); i > 0; i--) {
      const block = blockInOrder(i - 1);
      const later = wideField(block, READ) | (behind(block, READ_LATER) & ~wideField(block, WRITTEN));
      if (later == wideField(block, READ_LATER)) continue;
      setWide(block, READ_LATER, later);
      changed = true;
    }
  }
  for (let i: u32 = 0; i < orderedBlocks(); i++) {
    const block = blockInOrder(i);
    setWide(block, STORED, dirtyAtEnd(block) & behind(block, LIVE) & ~behind(block, READ_LATER));
  }
  for (let block: u32 = 0; block < blockCount(); block++) {
    setWide(block, DIRTY, 0);
    setWide(block, LIVE, 0);
  }
  spreadDirt();
  spreadLife();
}

/** Registers that have to be stored where a block goes on at a loop. */
function storedOnTheWay(block: u32): u32 {
  if (isCall(field(block, KIND))) return 0;
  let registers: u32 = 0;
  for (let side: usize = 0; side < 4; side += 2) {
    const to = field(block, TO_TAKEN + side);
    if (to != NONE) registers |= dirtyAtEnd(block) & leftOutside(block, to);
  }
  return registers;
}

function spreadLife(): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (let i = orderedBlocks(); i > 0; i--) {
      const block = blockInOrder(i - 1);
      const atEnd =
        storedOnTheWay(block) |
        (mayEndUnit(block) ? dirtyAtEnd(block) : 0) |
        behind(block, LIVE) |
        wideField(block, STORED);
      let live = wideField(block, READ) | (atEnd & ~wideField(block, WRITTEN));
      if (field(block, MAY_LEAVE)) live |= wideField(block, DIRTY);
      if (live == wideField(block, LIVE)) continue;
      setWide(block, LIVE, live);
      changed = true;
    }
  }
}

/** Works out what is dirty, alive and to be stored where; control flow is known. */
export function findLiveness(): void {
  nameRegisters();
  spreadDirt();
  spreadLife();
  storeWhatIsNotRead();
}
