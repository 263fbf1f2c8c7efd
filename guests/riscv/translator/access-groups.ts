// Which memory accesses of a block share one check: those by the same base register, unchanged in between, that lie close
// together. Loads go with the stores behind a store's check, not the other way round: a page must not become dirty
// before a store to it is done.
import { REGION } from '../machine/memory/layout.ts';
import { lengthAt, wordAt, writtenBy } from './region.ts';

/** Group + 1 by ordinal of the instruction in the block, u16 each. */
const GROUP_OF: usize = REGION + 0x6000;
/** Open groups + 1 by base register: for loads, then for stores, u16 each. */
const OPEN: usize = REGION + 0x6800;
const GROUPS: usize = REGION + 0x6900;
const GROUP_BYTES: usize = 16;

// Fields of a group.
const LOWEST: usize = 0;
/** Offset behind the last byte. */
const HIGHEST: usize = 2;
const REGISTER: usize = 4;
const IS_STORE: usize = 6;
/** The check that opened it, counted from 1; 0 before that. */
const OPENED: usize = 8;

/** Bytes from a group's first to its last: groups that are likely to end up in two pages are no good. */
const MAX_SPAN: i32 = 256;

const MAJOR_LOAD: u32 = 0x03;
const MAJOR_FLOAT_LOAD: u32 = 0x07;
const MAJOR_STORE: u32 = 0x23;
const MAJOR_FLOAT_STORE: u32 = 0x27;

let groups: u32 = 0;

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

/** Adds an access to an open group; false when it lies too far off. */
function join(group: u32, from: i32, to: i32): bool {
  const at = groupAt(group);
  const lowest = min(<i32>load<i16>(at, LOWEST), from);
  const highest = max(<i32>load<i16>(at, HIGHEST), to);
  if (highest - lowest > MAX_SPAN) return false;
  store<i16>(at, <i16>lowest, LOWEST);
  store<i16>(at, <i16>highest, HIGHEST);
  return true;
}

function openGroup(register: u32, from: i32, to: i32, storing: bool): u32 {
  const at = groupAt(groups);
  memory.fill(at, 0, GROUP_BYTES);
  store<i16>(at, <i16>from, LOWEST);
  store<i16>(at, <i16>to, HIGHEST);
  store<u16>(at, <u16>register, REGISTER);
  store<u16>(at, storing ? 1 : 0, IS_STORE);
  return groups++;
}

function assign(ordinal: u32, word: u32, single: u32): void {
  const register = (word >>> 15) & 31;
  const from = accessOffset(word);
  const to = from + (1 << ((word >>> 12) & 3));
  if ((single >>> register) & 1) {
    store<u16>(GROUP_OF + ((<usize>ordinal) << 1), <u16>(openGroup(register, from, to, isStore(word)) + 1));
    return;
  }
  const forLoads = OPEN + ((<usize>register) << 1);
  const forStores = forLoads + 64;
  const storing = isStore(word);
  let group = <u32>load<u16>(forStores);
  if (!group || !join(group - 1, from, to)) {
    group = storing ? 0 : <u32>load<u16>(forLoads);
    if (!group || !join(group - 1, from, to)) {
      group = openGroup(register, from, to, storing) + 1;
      store<u16>(storing ? forStores : forLoads, <u16>group);
    }
  }
  store<u16>(GROUP_OF + ((<usize>ordinal) << 1), <u16>group);
}

/**
 * Works out the groups of the `count` instructions from offset `start` of the page; accesses by the base registers in
 * `single`, a bit each, have groups of their own.
 */
export function groupAccesses(start: u32, count: u32, single: u32): void {
  groups = 0;
  memory.fill(OPEN, 0, 128);
  let at = start;
  for (let ordinal: u32 = 0; ordinal < count; ordinal++) {
    const word = wordAt(at);
    if (isLoad(word) || isStore(word)) assign(ordinal, word, single);
    if (writtenBy(word)) {
      const closed = OPEN + ((<usize>((word >>> 7) & 31)) << 1);
      store<u16>(closed, 0);
      store<u16>(closed, 0, 64);
    }
    at += lengthAt(at);
  }
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

export function openedBy(group: u32): u32 {
  return load<u32>(groupAt(group), OPENED);
}

export function setOpenedBy(group: u32, check: u32): void {
  store<u32>(groupAt(group), check, OPENED);
}
