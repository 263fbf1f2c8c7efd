// The control-flow region of a unit: blocks of one page that its first instruction reaches. Edges that lead out of the page
// are ways out of the unit.
import { operationOf } from '../machine/hart/decoder.generated.ts';
import { REGION } from '../machine/memory/layout.ts';
import {
  blockCount,
  COUNT,
  clearBlocks,
  END,
  field,
  KIND,
  KIND_BRANCH,
  KIND_CALL,
  KIND_FALL,
  KIND_GOTO,
  KIND_INDIRECT,
  KIND_INDIRECT_CALL,
  KIND_STOP,
  KIND_SYSTEM,
  LAST,
  LAST_WORD,
  MAX_BLOCKS,
  MAY_LEAVE,
  NONE,
  newBlock,
  READ,
  START,
  setField,
  setWide,
  TAKEN,
  TO_NEXT,
  TO_TAKEN,
  WRITTEN,
  wideField,
} from './blocks.ts';
import { findControlFlow, MAX_DISPATCHES } from './control-flow.ts';
import { findLiveness } from './liveness.ts';
import { kindOf, lengthAt, mayLeave, readFrom, SYSTEM, targetOf, wordAt, writtenBy } from './page-code.ts';
import { foldSkips } from './skips.ts';
import { registersRead } from './system.ts';

const VISITED: usize = REGION;
const LEADERS: usize = REGION + 0x800;
/** Block number + 1 by parcel, a byte each. */
const BLOCK_AT: usize = REGION + 0x1000;
const STACK: usize = REGION + 0x1800;
/** Code before this offset is not of the region. */
let floor: u32 = 0;
/** Instructions that the region may have. */
let most: u32 = 0;

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
  const block = newBlock();
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
  for (let block: u32 = 0; block < blockCount(); block++) {
    const kind = field(block, KIND);
    const leads = kind == KIND_BRANCH || kind == KIND_GOTO;
    setField(block, TO_TAKEN, leads ? blockAt(<i32>wideField(block, TAKEN)) : NONE);
    const falls = kind < KIND_GOTO || kind == KIND_CALL || kind == KIND_INDIRECT_CALL;
    setField(block, TO_NEXT, falls ? blockAt(<i32>field(block, END)) : NONE);
  }
}

/**
 * Works out the region of what offset `from` of the page at `pageHost` leads to from offset `first` on, of at most
 * `instructions`; false when there is none.
 */
export function findRegion(pageHost: usize, from: u32, first: u32, instructions: u32): bool {
  readFrom(pageHost);
  floor = first;
  most = instructions;
  clearBlocks();
  explore(from);
  if (!isVisited(<i32>from)) return false;
  makeBlock(from);
  for (let at: u32 = 0; at < 4096; at += 2) {
    if (at != from && isVisited(<i32>at) && isLeader(at) && blockCount() < MAX_BLOCKS - MAX_DISPATCHES)
      makeBlock(at);
  }
  connect();
  foldSkips();
  findControlFlow();
  findLiveness();
  return true;
}
