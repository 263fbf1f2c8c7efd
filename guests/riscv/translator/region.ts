// The control-flow region of a unit: blocks of one page that its first instruction reaches, with their order, dominators
// and loops. Edges that lead out of the page are ways out of the unit. Where an edge leads back into a loop elsewhere than
// at its head, an empty block before what dominates both ends, a dispatch, becomes the loop's head and leads on to either
// (after Carr and others, "Preserving Structure in Irreducible Loops": one more variable instead of code written twice).
import { expanded, operationOf } from '../machine/hart/decoder.generated.ts';
import { REGION } from '../machine/memory/layout.ts';
import { isCalled, isInPlace, registersRead, registersWritten } from './system.ts';

const VISITED: usize = REGION;
const LEADERS: usize = REGION + 0x800;
/** Block number + 1 by parcel, a byte each. */
const BLOCK_AT: usize = REGION + 0x1000;
const STACK: usize = REGION + 0x1800;
const BLOCKS: usize = REGION + 0x10000;
const BLOCK_BYTES: usize = 80;
/** Block numbers in reverse postorder, a byte each. */
const ORDER: usize = REGION + 0x5000;

export const MAX_BLOCKS: u32 = 250;
const MAX_DISPATCHES: u32 = 8;
const NONE: u32 = 0xffff;
/** The major opcode of CSR, environment and privileged instructions. */
const SYSTEM: u32 = 0x73;

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
const READ_LATER: usize = 60;
/** Registers that the block stores at its end because nothing in the region will read them. */
export const STORED: usize = 64;
/** Of a loop's head: registers that the loop's blocks name. The others are in memory while the loop runs. */
const NAMED: usize = 68;
/** What LOCAL_ENTRY becomes on the way to TO_TAKEN, and on that to TO_NEXT: the number of a dispatch, or 0. */
export const ENTRY: usize = 72;
/** Head of the innermost loop that the block is in, and of the loop around a head's own; or NONE. */
const LOOP_OF: usize = 50;
const OUTER: usize = 52;
/** The block in whose code, or behind whose loop, the block's code goes when it needs a label; NONE when it does not. */
export const WITHIN: usize = 54;
export const BEHIND: usize = 56;

let host: usize = 0;
/** Code before this offset is not of the region. */
let floor: u32 = 0;
/** Instructions that the region may have. */
let most: u32 = 0;
let blocks: u32 = 0;
let ordered: u32 = 0;
let head: u32 = 0;
let dispatches: u32 = 0;

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

function setField(block: u32, at: usize, value: u32): void {
  store<u16>(BLOCKS + <usize>block * BLOCK_BYTES + at, <u16>value);
}

function setWide(block: u32, at: usize, value: u32): void {
  store<u32>(BLOCKS + <usize>block * BLOCK_BYTES + at, value);
}

export function isNone(block: u32): bool {
  return block == NONE;
}

/** Bytes of the instruction at an offset of the page; 0 when it does not end in the page. */
export function lengthAt(at: u32): u32 {
  if (at > 4094) return 0;
  if ((load<u16>(host + at) & 3) != 3) return 2;
  return at < 4094 ? 4 : 0;
}

/** The full instruction at an offset. */
export function wordAt(at: u32): u32 {
  const parcel = <u32>load<u16>(host + at);
  return (parcel & 3) != 3 ? expanded(parcel) : load<u32>(host + at);
}

function branchOffset(word: u32): i32 {
  return (
    ((<i32>word >> 31) << 12) |
    <i32>(((word >>> 7) & 1) << 11) |
    <i32>(((word >>> 25) & 63) << 5) |
    <i32>(((word >>> 8) & 15) << 1)
  );
}

function jumpOffset(word: u32): i32 {
  return (
    ((<i32>word >> 31) << 20) |
    <i32>(word & 0xff000) |
    <i32>(((word >>> 20) & 1) << 11) |
    <i32>(((word >>> 21) & 0x3ff) << 1)
  );
}

/** Whether a jump that writes this register is a call (Unprivileged 20240411, table 3). */
function isLink(register: u32): bool {
  return register == 1 || register == 5;
}

/** What an instruction is to the region: KIND_FALL for all that only computes. */
function kindOf(word: u32): u32 {
  const major = word & 0x7f;
  const link = (word >>> 7) & 31;
  if (operationOf(word) == 0) return KIND_STOP;
  if (major == SYSTEM) return isInPlace(word) ? KIND_FALL : isCalled(word) ? KIND_SYSTEM : KIND_STOP;
  if (major == 0x0f) return word & 0x7000 ? KIND_STOP : KIND_FALL;
  if (major == 0x63) return KIND_BRANCH;
  if (major == 0x6f) return isLink(link) ? KIND_CALL : KIND_GOTO;
  if (major == 0x67) return isLink(link) ? KIND_INDIRECT_CALL : KIND_INDIRECT;
  return KIND_FALL;
}

/** Integer registers that an instruction's translation sets, as bits. */
export function writtenBy(word: u32): u32 {
  if ((word & 0x7f) == SYSTEM) return isInPlace(word) ? registersWritten(word) : 0;
  return ((operationOf(word) >>> 25) & 3) == 1 ? ((<u32>1) << ((word >>> 7) & 31)) & ~1 : 0;
}

/** Whether an instruction may have to be left to the interpreter: memory accesses, float arithmetic, CSRs. */
function mayLeave(word: u32): bool {
  const major = word & 0x7f;
  return (
    major == SYSTEM || (major & ~0x24) == 0x03 || major == 0x2f || (major & ~0x0c) == 0x43 || major == 0x53
  );
}

/** Whether a unit could begin at an offset: in the next page, or at an instruction that units do. */
export function canBegin(at: u32): bool {
  if (at > 4094) return true;
  return lengthAt(at) != 0 && kindOf(wordAt(at)) != KIND_STOP;
}

function targetOf(at: u32, word: u32, kind: u32): i32 {
  if (kind == KIND_BRANCH) return <i32>at + branchOffset(word);
  return <i32>at + jumpOffset(word);
}

function isVisited(at: i32): bool {
  return at >= 0 && at < 4096 && load<u8>(VISITED + (<usize>at >>> 1)) != 0;
}

function isLeader(at: u32): bool {
  return load<u8>(LEADERS + (<usize>at >>> 1)) != 0;
}

let stacked: u32 = 0;

function lead(at: i32, push: bool): void {
  if (at < <i32>floor || at > 4094) return;
  store<u8>(LEADERS + (<usize>at >>> 1), 1);
  if (!push || stacked >= 1024) return;
  store<u16>(STACK + ((<usize>stacked) << 1), <u16>at);
  stacked++;
}

/** Finds the instructions that are reached from `from`. */
function explore(from: u32): void {
  memory.fill(REGION, 0, 0x1800);
  stacked = 0;
  lead(<i32>from, true);
  let instructions: u32 = 0;
  while (stacked > 0) {
    stacked--;
    let at = <u32>load<u16>(STACK + ((<usize>stacked) << 1));
    while (true) {
      if (at > 4094) break;
      if (isVisited(<i32>at)) {
        lead(<i32>at, false);
        break;
      }
      const length = lengthAt(at);
      if (length == 0 || instructions >= most) break;
      const word = wordAt(at);
      const kind = kindOf(word);
      if (kind == KIND_STOP) break;
      store<u8>(VISITED + (<usize>at >>> 1), 1);
      instructions++;
      const next = at + length;
      if (kind == KIND_BRANCH || kind == KIND_GOTO) lead(targetOf(at, word, kind), true);
      if (kind == KIND_GOTO || kind == KIND_INDIRECT || kind == KIND_SYSTEM) break;
      if (kind != KIND_FALL) lead(<i32>next, false);
      at = next;
    }
  }
}

/** Makes the block that begins at a leader. */
function makeBlock(start: u32): void {
  const block = blocks++;
  memory.fill(BLOCKS + <usize>block * BLOCK_BYTES, 0, BLOCK_BYTES);
  store<u8>(BLOCK_AT + (<usize>start >>> 1), <u8>(block + 1));
  setField(block, START, start);
  let at = start;
  let count: u32 = 0;
  let read: u32 = 0;
  let written: u32 = 0;
  let kind = KIND_FALL;
  let word: u32 = 0;
  let last = start;
  do {
    last = at;
    word = wordAt(at);
    kind = kindOf(word);
    const answer = operationOf(word);
    if (answer & (1 << 27)) read |= ((<u32>1) << ((word >>> 15) & 31)) & ~written;
    if (answer & (1 << 28)) read |= ((<u32>1) << ((word >>> 20) & 31)) & ~written;
    if ((word & 0x7f) == SYSTEM && kind == KIND_FALL) read |= registersRead(word) & ~written;
    written |= writtenBy(word);
    if (mayLeave(word)) setField(block, MAY_LEAVE, 1);
    count++;
    at += lengthAt(at);
  } while (kind == KIND_FALL && isVisited(<i32>at) && !isLeader(at));
  if (kind == KIND_FALL && !isVisited(<i32>at)) kind = KIND_STOP;
  setField(block, END, at);
  setField(block, COUNT, count);
  setField(block, KIND, kind);
  setField(block, LAST, last);
  setWide(block, LAST_WORD, word);
  setWide(block, WRITTEN, written);
  setWide(block, READ, read & ~1);
  if (kind == KIND_BRANCH || kind == KIND_GOTO || kind == KIND_CALL)
    setWide(block, TAKEN, <u32>targetOf(last, word, kind));
}

function blockAt(at: i32): u32 {
  if (at < 0 || at > 4094) return NONE;
  const number = <u32>load<u8>(BLOCK_AT + (<usize>at >>> 1));
  return number ? number - 1 : NONE;
}

function connect(): void {
  for (let block: u32 = 0; block < blocks; block++) {
    const kind = field(block, KIND);
    const leads = kind == KIND_BRANCH || kind == KIND_GOTO;
    setField(block, TO_TAKEN, leads ? blockAt(<i32>wideField(block, TAKEN)) : NONE);
    const falls = kind < KIND_GOTO || kind == KIND_CALL || kind == KIND_INDIRECT_CALL;
    setField(block, TO_NEXT, falls ? blockAt(<i32>field(block, END)) : NONE);
  }
}

/** Depth-first from a block; numbers it once its successors have been. */
function visit(block: u32): void {
  setField(block, ORDINAL, 0);
  for (let side: usize = 0; side < 4; side += 2) {
    const to = field(block, TO_TAKEN + side);
    if (to != NONE && field(to, ORDINAL) == NONE) visit(to);
  }
  store<u8>(ORDER + <usize>--ordered, <u8>block);
}

function order(): void {
  for (let block: u32 = 0; block < blocks; block++) {
    setField(block, ORDINAL, NONE);
    setField(block, DOMINATOR, NONE);
    setField(block, JOINS, 0);
    setField(block, IS_LOOP, 0);
  }
  ordered = MAX_BLOCKS;
  visit(head);
  // Move the order to the front and number it.
  const count = MAX_BLOCKS - ordered;
  for (let i: u32 = 0; i < count; i++) {
    const block = <u32>load<u8>(ORDER + ordered + i);
    store<u8>(ORDER + i, <u8>block);
    setField(block, ORDINAL, i);
  }
  ordered = count;
}

export function orderedBlocks(): u32 {
  return ordered;
}

export function blockInOrder(ordinal: u32): u32 {
  return load<u8>(ORDER + ordinal);
}

function commonDominator(a: u32, b: u32): u32 {
  while (a != b) {
    if (field(a, ORDINAL) > field(b, ORDINAL)) a = field(a, DOMINATOR);
    else b = field(b, DOMINATOR);
  }
  return a;
}

/** Immediate dominators (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm"). */
function dominate(): void {
  setField(head, DOMINATOR, head);
  let changed = true;
  while (changed) {
    changed = false;
    for (let i: u32 = 1; i < ordered; i++) {
      const block = blockInOrder(i);
      let dominator = NONE;
      for (let j: u32 = 0; j < ordered; j++) {
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

function dominates(a: u32, block: u32): bool {
  let b = block;
  while (b != a && b != head) b = field(b, DOMINATOR);
  return b == a;
}

/**
 * Lets an edge back into a loop go through a dispatch before what dominates both its ends, or out of the unit when there
 * are too many.
 */
function redirect(from: u32, side: usize): void {
  const to = field(from, TO_TAKEN + side);
  if (dispatches == MAX_DISPATCHES || field(from, ENTRY + side)) {
    setField(from, TO_TAKEN + side, NONE);
    setField(from, ENTRY + side, 0);
    return;
  }
  const before = commonDominator(from, to);
  const dispatch = blocks++;
  dispatches++;
  memory.fill(BLOCKS + <usize>dispatch * BLOCK_BYTES, 0, BLOCK_BYTES);
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
  if (head == before) head = dispatch;
}

/** Marks loops and joins; false when an edge had to be redirected, after which everything is to be worked out again. */
function classify(): bool {
  for (let i: u32 = 0; i < ordered; i++) {
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
  for (let i: u32 = 0; i < ordered; i++) {
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

/** Sums up which registers the blocks of each loop name. */
function nameRegisters(): void {
  for (let i: u32 = 0; i < ordered; i++) {
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

function isInLoop(block: u32, loop: u32): bool {
  let inner = field(block, LOOP_OF);
  while (inner != loop && inner != NONE) inner = field(inner, OUTER);
  return inner == loop;
}

/**
 * Decides where each block's code goes. What a loop's blocks dominate but is not in the loop goes behind it: the engine
 * takes every variable that is set within a WebAssembly loop for one of the loop's own.
 */
function place(): void {
  for (let i: u32 = 0; i < ordered; i++) {
    const block = blockInOrder(i);
    setField(block, LOOP_OF, NONE);
    setField(block, OUTER, NONE);
  }
  for (let i = ordered; i > 0; i--) {
    const block = blockInOrder(i - 1);
    if (field(block, IS_LOOP)) findLoop(block);
  }
  for (let i: u32 = 0; i < ordered; i++) {
    const block = blockInOrder(i);
    const dominator = field(block, DOMINATOR);
    let left: u32 = NONE;
    let loop = block == head ? NONE : field(dominator, LOOP_OF);
    while (loop != NONE && !isInLoop(block, loop)) {
      left = loop;
      loop = field(loop, OUTER);
    }
    setField(block, BEHIND, left);
    setField(block, WITHIN, left == NONE && field(block, JOINS) > 1 ? dominator : NONE);
  }
}

/** Whether a block's code begins with a label to branch to. */
export function hasLabel(block: u32): bool {
  return field(block, WITHIN) != NONE || field(block, BEHIND) != NONE;
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
    for (let i: u32 = 0; i < ordered; i++) {
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
    for (let i = ordered; i > 0; i--) {
      const block = blockInOrder(i - 1);
      const later = wideField(block, READ) | (behind(block, READ_LATER) & ~wideField(block, WRITTEN));
      if (later == wideField(block, READ_LATER)) continue;
      setWide(block, READ_LATER, later);
      changed = true;
    }
  }
  for (let i: u32 = 0; i < ordered; i++) {
    const block = blockInOrder(i);
    setWide(block, STORED, dirtyAtEnd(block) & behind(block, LIVE) & ~behind(block, READ_LATER));
  }
  for (let block: u32 = 0; block < blocks; block++) {
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
    for (let i = ordered; i > 0; i--) {
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

/** Offset of the first block of the loop around the region's first block; that block's own when there is none. */
export function loopStart(): u32 {
  let lowest = field(head, START);
  for (let i: u32 = 0; i < ordered; i++) {
    const block = blockInOrder(i);
    if (isInLoop(block, head)) lowest = min(lowest, field(block, START));
  }
  return lowest;
}

/**
 * Works out the region of what offset `from` of the page at `pageHost` leads to from offset `first` on, of at most
 * `instructions`; false when there is none.
 */
export function findRegion(pageHost: usize, from: u32, first: u32, instructions: u32): bool {
  host = pageHost;
  floor = first;
  most = instructions;
  blocks = 0;
  explore(from);
  if (!isVisited(<i32>from)) return false;
  makeBlock(from);
  for (let at: u32 = 0; at < 4096; at += 2) {
    if (at != from && isVisited(<i32>at) && isLeader(at) && blocks < MAX_BLOCKS - MAX_DISPATCHES)
      makeBlock(at);
  }
  head = 0;
  dispatches = 0;
  connect();
  do {
    order();
    dominate();
  } while (!classify());
  place();
  nameRegisters();
  spreadDirt();
  spreadLife();
  storeWhatIsNotRead();
  return true;
}
