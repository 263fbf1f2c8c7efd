// Memory accesses of translated code: groups with one check (access-groups.ts) against a site of their own
// (hart/site-tlb.ts), and atomics.
import { atomicDone, atomicPointer, loadReserved, storeConditional } from '../machine/hart/atomic.ts';
import { siteLogOf, sitesFilledBy } from '../machine/hart/site-tlb.ts';
import { CROSSED_REGISTER, CROSSED_SLOT, READ_TLB, WRITE_TLB } from '../machine/hart/state.ts';
import { OTHER } from '../machine/hart/tlb.ts';
import { SITE_BYTES, SITE_LIMIT, SITE_LOG_ENTRIES, SITES, TLB_BYTES } from '../machine/memory/layout.ts';
import {
  accessOffset,
  baseOf,
  groupOf,
  isForStores,
  leaveForLoop,
  lowestOf,
  NO_GROUP,
  nextToPin,
  openGroup,
  pinGroup,
  pointerOf,
  spanOf,
} from './access-groups.ts';
import {
  beginUnlikely,
  callHelper,
  emitHeadSlot,
  emitLoadState,
  emitState,
  endLabel,
  rd,
  rs1,
  rs2,
} from './emit.ts';
import { leave, leaveUnless, placeInBlock } from './leave.ts';
import { LOCAL_OLD, LOCAL_POINTER, LOCAL_TARGET } from './locals.ts';
import { getNarrow, getRegister, loadRegister, setNarrow, setRegister } from './registers.ts';
import { unitContext } from './unit-context.ts';
import {
  emit,
  emitAccess,
  emitConst32,
  emitConst64,
  emitGet,
  emitSet,
  emitTee,
  TYPE_CONDITIONAL,
  TYPE_DONE,
  TYPE_LOAD,
  TYPE_TARGET,
} from './wasm-writer.ts';

const I32_LOAD: u8 = 0x28;
const I64_LOAD: u8 = 0x29;
const I64_LOAD32_U: u8 = 0x35;
const I32_LOAD8_S: u8 = 0x2c;
const I32_LOAD8_U: u8 = 0x2d;
const I32_LOAD16_S: u8 = 0x2e;
const I32_LOAD16_U: u8 = 0x2f;
const I32_STORE: u8 = 0x36;
const I32_STORE8: u8 = 0x3a;
const I32_STORE16: u8 = 0x3b;
const I64_STORE: u8 = 0x37;
const I32_XOR: u8 = 0x73;
const I64_STORE32: u8 = 0x3e;
const I32_EQZ: u8 = 0x45;
const I64_NE: u8 = 0x52;
const I64_GE_U: u8 = 0x5a;
const I32_GT_U: u8 = 0x4b;
const I32_ADD: u8 = 0x6a;
const I32_AND: u8 = 0x71;
const I32_SHL: u8 = 0x74;
const I32_SHR_U: u8 = 0x76;
const I64_ADD: u8 = 0x7c;
const I64_SUB: u8 = 0x7d;
const I64_AND: u8 = 0x83;
const I32_WRAP: u8 = 0xa7;

let firstSite: u32 = 0;
let sites: u32 = 0;

/** For a unit whose entries of the site TLB begin at number `site`. */
export function beginSites(site: u32): void {
  firstSite = site;
  sites = 0;
}

export function sitesUsed(): u32 {
  return sites;
}

/** An entry of the site TLB for the unit. */
export function newSite(): usize {
  return SITES + <usize>((firstSite + sites++) & (SITE_LIMIT - 1)) * SITE_BYTES;
}

/** Sees to it that a local holds the host address of a group's first byte; gives back the local. */
function checkedPointer(group: u32): u32 {
  const known = pointerOf(group);
  if (known) return known;
  const pointer = openGroup(group);
  const site = newSite();
  const base = baseOf(group);
  // In this order, and with a limit of 32 bits, the engine keeps each load apart from what uses it: folded into the
  // instruction that uses it, it would be done twice.
  emitLoadState(I64_LOAD, site);
  getRegister(base);
  emit(I64_SUB);
  emitLoadState(I64_LOAD32_U, site + 8);
  emit(I64_GE_U);
  beginUnlikely();
  emitRefill(group, site);
  endLabel();
  getNarrow(base);
  emitLoadState(I32_LOAD, site + 16);
  emit(I32_ADD);
  emitSet(pointer);
  return pointer;
}

/**
 * Fills a group's site from the data TLB, or else leaves the instruction to the interpreter, which fills the TLB. There is
 * no call in here on purpose: around a call the engine keeps every variable in memory, all over the loop.
 */
function emitRefill(group: u32, site: usize): void {
  const filled = sitesFilledBy(unitContext());
  const lowest = <i64>lowestOf(group);
  const span = <i64>spanOf(group);
  getRegister(baseOf(group));
  emitConst64(lowest);
  emit(I64_ADD);
  emitTee(LOCAL_OLD);
  emit(I32_WRAP);
  emitConst32(8);
  emit(I32_SHR_U);
  emitConst32(<i32>TLB_BYTES - 16);
  emit(I32_AND);
  emitLoadState(I32_LOAD, isForStores(group) ? WRITE_TLB : READ_TLB);
  emit(I32_ADD);
  emitSet(LOCAL_POINTER);
  emitGet(LOCAL_OLD);
  emitConst64(span - 1);
  emit(I64_ADD);
  emitConst64(-4096);
  emit(I64_AND);
  emitSet(LOCAL_TARGET);
  emitIsOtherPage();
  beginUnlikely();
  emitGet(LOCAL_POINTER);
  emitConst32(<i32>OTHER);
  emit(I32_XOR);
  emitSet(LOCAL_POINTER);
  emitIsOtherPage();
  beginUnlikely();
  emitNoteOfCrossing(group);
  leave();
  endLabel();
  endLabel();
  // What hart/site-tlb.ts describes.
  emitState();
  emitGet(LOCAL_TARGET);
  emitConst64(4096 - span - lowest);
  emit(I64_ADD);
  emitAccess(I64_STORE, site);
  emitState();
  emitGet(LOCAL_POINTER);
  emitAccess(I32_LOAD, 8);
  emitConst32(<i32>lowest);
  emit(I32_ADD);
  emitAccess(I32_STORE, site + 16);
  emitLoadState(I32_LOAD, filled);
  emitConst32(<i32>SITE_LOG_ENTRIES - 1);
  emit(I32_AND);
  emitConst32(2);
  emit(I32_SHL);
  emitConst32(<i32>site);
  emitAccess(I32_STORE, siteLogOf(unitContext()));
  emitState();
  emitLoadState(I32_LOAD, filled);
  emitLoadState(I32_LOAD, site + 8);
  emit(I32_EQZ);
  emit(I32_ADD);
  emitAccess(I32_STORE, filled);
  emitState();
  emitConst32(4097 - <i32>span);
  emitAccess(I32_STORE, site + 8);
}

/** Leaves on the stack whether the TLB's entry at LOCAL_POINTER is not of page LOCAL_TARGET. */
function emitIsOtherPage(): void {
  emitGet(LOCAL_POINTER);
  emitAccess(I64_LOAD, 0);
  emitGet(LOCAL_TARGET);
  emit(I64_NE);
}

/** Sees to it that a local holds the host address of the group of the instruction's access; gives back the local. */
export function accessPointer(): u32 {
  return checkedPointer(groupOf(placeInBlock()));
}

/** Where the group's accesses lie in two pages, no check will ever admit them together: says so (unit-table.ts). */
function emitNoteOfCrossing(group: u32): void {
  const span = <i64>spanOf(group);
  if (span <= 8) return;
  emitGet(LOCAL_OLD);
  emit(I32_WRAP);
  emitConst32(4095);
  emit(I32_AND);
  emitConst32(4096 - <i32>span);
  emit(I32_GT_U);
  beginUnlikely();
  emitState();
  emitHeadSlot();
  emitAccess(I32_STORE, CROSSED_SLOT);
  emitState();
  emitConst32(<i32>baseOf(group));
  emitAccess(I32_STORE, CROSSED_REGISTER);
  endLabel();
}

/** Before the code of a loop: pointers for what is known in it. */
export function emitPins(loop: u32): void {
  leaveForLoop(loop);
  for (let group = nextToPin(); group != NO_GROUP; group = nextToPin()) {
    emitGet(pointerOf(group));
    emitSet(pinGroup(group));
  }
}

/** Offset of the instruction's access from its group's first byte. */
export function offsetInGroup(word: u32): usize {
  return <usize>(accessOffset(word) - lowestOf(groupOf(placeInBlock())));
}

export function emitLoad(word: u32, bytes: u32, signed: bool): void {
  const pointer = accessPointer();
  emitGet(pointer);
  emitAccess(loadOpcode(bytes, signed), offsetInGroup(word));
  // A double word, or a word that is not sign-extended, fills a register; all else is a word.
  if (bytes == 8 || (bytes == 4 && !signed)) setRegister(rd(word));
  else setNarrow(rd(word));
}

function loadOpcode(bytes: u32, signed: bool): u8 {
  if (bytes == 8) return I64_LOAD;
  if (bytes == 4) return signed ? I32_LOAD : I64_LOAD32_U;
  if (bytes == 2) return signed ? I32_LOAD16_S : I32_LOAD16_U;
  return signed ? I32_LOAD8_S : I32_LOAD8_U;
}

function wordStoreOpcode(bytes: u32): u8 {
  return bytes == 4 ? I32_STORE : bytes == 2 ? I32_STORE16 : I32_STORE8;
}

export function emitStore(word: u32, bytes: u32): void {
  emitGet(accessPointer());
  if (bytes == 8) getRegister(rs2(word));
  else getNarrow(rs2(word));
  emitAccess(bytes == 8 ? I64_STORE : wordStoreOpcode(bytes), offsetInGroup(word));
}

export function getOld(): void {
  emitGet(LOCAL_OLD);
}

export function getSource(): void {
  emitGet(LOCAL_TARGET);
}

/** Leaves the operand's host address on the stack, its old value in LOCAL_OLD, the source in LOCAL_TARGET. */
export function emitAtomicBegin(word: u32, bytes: u32): void {
  getRegister(rs1(word));
  emitConst32(<i32>bytes);
  callHelper(atomicPointer.index, TYPE_TARGET);
  emitTee(LOCAL_POINTER);
  leaveUnless();
  emitGet(LOCAL_POINTER);
  emitAccess(bytes == 8 ? I64_LOAD : 0x34, 0);
  emitSet(LOCAL_OLD);
  getRegister(rs2(word));
  if (bytes == 4) emit(0xc4);
  emitSet(LOCAL_TARGET);
  emitGet(LOCAL_POINTER);
}

export function emitAtomicEnd(word: u32, bytes: u32): void {
  emitAccess(bytes == 8 ? I64_STORE : I64_STORE32, 0);
  emitGet(LOCAL_POINTER);
  emitConst32(<i32>bytes);
  callHelper(atomicDone.index, TYPE_DONE);
  if (rd(word)) {
    emitGet(LOCAL_OLD);
    setRegister(rd(word));
  }
}

export function emitLoadReserved(word: u32, bytes: u32): void {
  getRegister(rs1(word));
  emitConst32(<i32>bytes);
  emitConst32(<i32>(rd(word) << 3));
  callHelper(loadReserved.index, TYPE_LOAD);
  leaveUnless();
  if (rd(word)) loadRegister(rd(word));
}

export function emitStoreConditional(word: u32, bytes: u32): void {
  getRegister(rs1(word));
  emitConst32(<i32>bytes);
  getRegister(rs2(word));
  emitConst32(<i32>(rd(word) << 3));
  callHelper(storeConditional.index, TYPE_CONDITIONAL);
  leaveUnless();
  if (rd(word)) loadRegister(rd(word));
}
