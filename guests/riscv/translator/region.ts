// The control-flow region of a unit: blocks of one page that its first instruction reaches. Edges that lead out of the page
// are ways out of the unit.
import { expanded, operationOf } from '../machine/hart/decoder.generated.ts';
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
import { isCalled, isInPlace, registersRead, registersWritten } from './system.ts';

const VISITED: usize = REGION;
const LEADERS: usize = REGION + 0x800;
/** Block number + 1 by parcel, a byte each. */
const BLOCK_AT: usize = REGION + 0x1000;
const STACK: usize = REGION + 0x1800;
/** The major opcode of CSR, environment and privileged instructions. */
const SYSTEM: u32 = 0x73;
let host: usize = 0;
/** Code before this offset is not of the region. */
let floor: u32 = 0;
/** Instructions that the region may have. */
let most: u32 = 0;

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
  host = pageHost;
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
  findControlFlow();
  findLiveness();
  return true;
}
