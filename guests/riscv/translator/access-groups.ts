// Which memory accesses of a unit share one check: those by the same base register, unchanged in between, that lie close
// together. A group is known along the ways from its check on: where ways meet, what all of them know; in a loop, what
// came from before it and the loop leaves as it is. Loads go with the stores behind a store's check, not the other way
// round: a page must not become dirty before a store to it is done.
import { REGION } from '../machine/memory/layout.ts';
import {
  blockInOrder,
  COUNT,
  field,
  hasLabel,
  IS_LOOP,
  isInLoop,
  isNone,
  KIND,
  KIND_BRANCH,
  KIND_CALL,
  KIND_FALL,
  KIND_GOTO,
  KIND_INDIRECT_CALL,
  LAST_WORD,
  ORDINAL,
  orderedBlocks,
  START,
  TO_NEXT,
  TO_TAKEN,
  WRITTEN,
  wideField,
} from './blocks.ts';
import { KEPT_GROUPS, LOCAL_GROUPS, LOCAL_PINNED, PINNED_GROUPS } from './locals.ts';
import { lengthAt, wordAt, writtenBy } from './page-code.ts';

/** Group + 1 by ordinal of the instruction in the block, u16 each. */
const GROUP_OF: usize = REGION + 0x6000;
/** Known groups + 1 by base register: for loads, then for stores, u16 each. */
const KNOWN: usize = REGION + 0x6800;
const KNOWN_BYTES: usize = 128;
const FOR_STORES: usize = 64;
const GROUPS: usize = REGION + 0x6900;
const GROUP_BYTES: usize = 16;
const MAX_GROUPS: u32 = 864;
/** What is known where a block begins, or at a branch's end, KNOWN_BYTES each; and whether anything is, a byte each. */
const KNOWN_AT: usize = REGION + 0x16000;
const IS_KNOWN_AT: usize = REGION + 0x1f000;
/** What looking ahead would make of KNOWN, by depth. */
const AHEAD: usize = REGION + 0x1f200;

// Fields of a group.
const LOWEST: usize = 0;
/** Offset behind the last byte. */
const HIGHEST: usize = 2;
const REGISTER: usize = 4;
const IS_STORE: usize = 6;
/** The check that opened it, counted from 1; 0 before that. */
const OPENED: usize = 8;
/** The local that is its own for the rest of the unit, or 0. */
const PINNED: usize = 12;
/** The block that it is of. */
const OF_BLOCK: usize = 14;

/** Bytes from a group's first to its last: groups that are likely to end up in two pages are no good. */
const MAX_SPAN: i32 = 256;
/** The same for accesses that may turn out not to be made. */
const MAX_SPAN_AHEAD: i32 = 64;
const MAX_AHEAD: u32 = 3;

export const NO_GROUP: u32 = 0xffff;

const MAJOR_LOAD: u32 = 0x03;
const MAJOR_FLOAT_LOAD: u32 = 0x07;
const MAJOR_STORE: u32 = 0x23;
const MAJOR_FLOAT_STORE: u32 = 0x27;

let groups: u32 = 0;
let checks: u32 = 0;
let pinned: u32 = 0;
let current: u32 = 0;

function groupAt(group: u32): usize {
  return GROUPS + <usize>group * GROUP_BYTES;
}

export function isLoad(word: u32): bool {
  const major = word & 0x7f;
  return major == MAJOR_LOAD || major == MAJOR_FLOAT_LOAD;
}

export function isStore(word: u32): bool {
  const major = word & 0x7f;
  return major == MAJOR_STORE || major == MAJOR_FLOAT_STORE;
}

/** What a load or store adds to its base register. */
export function accessOffset(word: u32): i32 {
  return isStore(word) ? ((<i32>word >> 25) << 5) | <i32>((word >>> 7) & 31) : <i32>word >> 20;
}

/** Adds an access to a group; false when it lies too far off, or the check has been written and does not cover it. */
function join(group: u32, from: i32, to: i32, span: i32): bool {
  const at = groupAt(group);
  const lowest = min(<i32>load<i16>(at, LOWEST), from);
  const highest = max(<i32>load<i16>(at, HIGHEST), to);
  if (isOpen(group)) return lowest == load<i16>(at, LOWEST) && highest == load<i16>(at, HIGHEST);
  if (highest - lowest > span) return false;
  store<i16>(at, <i16>lowest, LOWEST);
  store<i16>(at, <i16>highest, HIGHEST);
  return true;
}

function newGroup(register: u32, from: i32, to: i32, storing: bool): u32 {
  const at = groupAt(groups);
  memory.fill(at, 0, GROUP_BYTES);
  store<i16>(at, <i16>from, LOWEST);
  store<i16>(at, <i16>to, HIGHEST);
  store<u16>(at, <u16>register, REGISTER);
  store<u16>(at, storing ? 1 : 0, IS_STORE);
  store<u16>(at, <u16>current, OF_BLOCK);
  return groups++;
}

/** The known group that covers an access, or can be made to; or 0, else its number + 1. */
function known(at: usize, word: u32, span: i32): u32 {
  const entry = at + ((<usize>((word >>> 15) & 31)) << 1);
  const from = accessOffset(word);
  const to = from + (1 << ((word >>> 12) & 3));
  const forStores = <u32>load<u16>(entry, FOR_STORES);
  if (forStores && join(forStores - 1, from, to, span)) return forStores;
  if (isStore(word)) return 0;
  const forLoads = <u32>load<u16>(entry);
  return forLoads && join(forLoads - 1, from, to, span) ? forLoads : 0;
}

function assign(ordinal: u32, word: u32, single: u32): void {
  const register = (word >>> 15) & 31;
  const from = accessOffset(word);
  const to = from + (1 << ((word >>> 12) & 3));
  const isAlone = ((single >>> register) & 1) != 0;
  let group = isAlone ? 0 : known(KNOWN, word, MAX_SPAN);
  if (!group) {
    group = newGroup(register, from, to, isStore(word)) + 1;
    const entry = KNOWN + ((<usize>register) << 1) + (isStore(word) ? FOR_STORES : 0);
    if (!isAlone) store<u16>(entry, <u16>group);
  }
  store<u16>(GROUP_OF + ((<usize>ordinal) << 1), <u16>group);
}

function forget(at: usize, registers: u32): void {
  for (let rest = registers; rest; rest &= rest - 1) {
    const entry = at + ((<usize>ctz(rest)) << 1);
    store<u16>(entry, 0);
    store<u16>(entry, 0, FOR_STORES);
  }
}

/** Has new groups cover, too, what is near in blocks that only `block` leads to. */
function lookAhead(block: u32, at: usize, depth: u32): void {
  const kind = field(block, KIND);
  if (depth == MAX_AHEAD || (kind != KIND_FALL && kind != KIND_BRANCH && kind != KIND_GOTO)) return;
  for (let side = TO_TAKEN; side <= TO_NEXT; side += 2) {
    const to = field(block, side);
    if (isNone(to) || field(to, ORDINAL) <= field(block, ORDINAL)) continue;
    if (hasLabel(to) || field(to, IS_LOOP)) continue;
    const then = AHEAD + <usize>depth * KNOWN_BYTES;
    memory.copy(then, at, KNOWN_BYTES);
    let place = field(to, START);
    for (let rest = field(to, COUNT); rest > 0; rest--) {
      const word = wordAt(place);
      if (isLoad(word) || isStore(word)) known(then, word, MAX_SPAN_AHEAD);
      forget(then, writtenBy(word));
      place += lengthAt(place);
    }
    lookAhead(to, then, depth + 1);
  }
}

/** Begins a unit, where nothing is known. */
export function beginGroups(): void {
  groups = 0;
  checks = 0;
  pinned = 0;
  memory.fill(IS_KNOWN_AT, 0, 512);
  forgetGroups();
}

/**
 * Works out the groups of a block's first `count` instructions, which are at `start`; accesses by the base registers in
 * `single`, a bit each, have groups of their own. What is known is then what will be known at the block's end.
 */
export function groupAccesses(block: u32, start: u32, count: u32, single: u32): void {
  current = block;
  for (let entry = KNOWN; entry < KNOWN + KNOWN_BYTES; entry += 2) {
    const group = <u32>load<u16>(entry);
    if (group && !pointerOf(group - 1)) store<u16>(entry, 0);
  }
  let at = start;
  for (let ordinal: u32 = 0; ordinal < count; ordinal++) {
    const word = wordAt(at);
    if (isLoad(word) || isStore(word)) assign(ordinal, word, single);
    forget(KNOWN, writtenBy(word));
    at += lengthAt(at);
  }
  if (field(block, COUNT) > count) forget(KNOWN, writtenBy(wideField(block, LAST_WORD)));
  lookAhead(block, KNOWN, 0);
}

/** Nothing is known any more. */
export function forgetGroups(): void {
  memory.fill(KNOWN, 0, KNOWN_BYTES);
}

/** What is known here will be so at a block's label, if all other ways there know it, too. */
export function meetGroups(block: u32): void {
  const at = KNOWN_AT + <usize>block * KNOWN_BYTES;
  if (!load<u8>(IS_KNOWN_AT + block)) {
    rememberGroups(block);
    return;
  }
  for (let entry: usize = 0; entry < KNOWN_BYTES; entry += 2)
    if (load<u16>(KNOWN + entry) != load<u16>(at + entry)) store<u16>(at + entry, 0);
}

/** Keeps what is known at a block, for recallGroups. */
export function rememberGroups(block: u32): void {
  store<u8>(IS_KNOWN_AT + block, 1);
  memory.copy(KNOWN_AT + <usize>block * KNOWN_BYTES, KNOWN, KNOWN_BYTES);
}

/** Goes back to what was known at a block: nothing where nothing is remembered. */
export function recallGroups(block: u32): void {
  if (load<u8>(IS_KNOWN_AT + block)) memory.copy(KNOWN, KNOWN_AT + <usize>block * KNOWN_BYTES, KNOWN_BYTES);
  else forgetGroups();
}

/** Registers that the blocks of a loop write; all when it calls, after which no translation is known. */
function writtenIn(loop: u32): u32 {
  let written: u32 = 0;
  for (let i = field(loop, ORDINAL); i < orderedBlocks(); i++) {
    const block = blockInOrder(i);
    if (!isInLoop(block, loop)) continue;
    const kind = field(block, KIND);
    if (kind == KIND_CALL || kind == KIND_INDIRECT_CALL) return 0xffff_ffff;
    written |= wideField(block, WRITTEN);
  }
  return written;
}

/** Before a loop: forgets what is not so in all of it. What is left is to be pinned: checks in the loop take locals in turn. */
export function leaveForLoop(loop: u32): void {
  forget(KNOWN, writtenIn(loop));
}

/** A known group whose local is not its own, to be pinned; NO_GROUP when there is none. */
export function nextToPin(): u32 {
  for (let entry = KNOWN; entry < KNOWN + KNOWN_BYTES; entry += 2) {
    const group = <u32>load<u16>(entry);
    if (!group || load<u16>(groupAt(group - 1), PINNED)) continue;
    if (pointerOf(group - 1) && pinned < PINNED_GROUPS && groups < MAX_GROUPS) return group - 1;
    store<u16>(entry, 0);
  }
  return NO_GROUP;
}

/** From here on there is a group like `group` instead, with a local of its own, which it gives back. */
export function pinGroup(group: u32): u32 {
  const pin = groups++;
  memory.copy(groupAt(pin), groupAt(group), GROUP_BYTES);
  const local = LOCAL_PINNED + pinned++;
  store<u16>(groupAt(pin), <u16>local, PINNED);
  for (let entry = KNOWN; entry < KNOWN + KNOWN_BYTES; entry += 2)
    if (<u32>load<u16>(entry) == group + 1) store<u16>(entry, <u16>(pin + 1));
  return local;
}

/** The group of an instruction that loads or stores. */
export function groupOf(ordinal: u32): u32 {
  return <u32>load<u16>(GROUP_OF + ((<usize>ordinal) << 1)) - 1;
}

export function lowestOf(group: u32): i32 {
  return load<i16>(groupAt(group), LOWEST);
}

export function spanOf(group: u32): u32 {
  return <u32>(<i32>load<i16>(groupAt(group), HIGHEST) - lowestOf(group));
}

export function baseOf(group: u32): u32 {
  return load<u16>(groupAt(group), REGISTER);
}

export function isForStores(group: u32): bool {
  return load<u16>(groupAt(group), IS_STORE) != 0;
}

function isOpen(group: u32): bool {
  return load<u32>(groupAt(group), OPENED) != 0;
}

/** The local that holds the host address of a group's first byte, or 0 when none does (any more). */
export function pointerOf(group: u32): u32 {
  const at = groupAt(group);
  const opened = load<u32>(at, OPENED);
  if (load<u16>(at, PINNED)) return load<u16>(at, PINNED);
  return opened && checks - opened < KEPT_GROUPS ? LOCAL_GROUPS + (opened % KEPT_GROUPS) : 0;
}

/**
 * The local for a check of a group. What an earlier block's check covered is known on other ways, too, so that this one's
 * local is not its.
 */
export function openGroup(group: u32): u32 {
  checks++;
  if (load<u16>(groupAt(group), OF_BLOCK) == <u16>current) store<u32>(groupAt(group), checks, OPENED);
  return LOCAL_GROUPS + (checks % KEPT_GROUPS);
}
