// The pieces of a unit's code. A unit is called with the instructions left of the slice, the calls of units by units that
// have not returned, the virtual address of its page and that page's decoded slots; it gives back the instructions it
// left. While it runs, the integer registers are WebAssembly locals; float registers stay in memory.
import { atomicDone, atomicPointer, loadReserved, storeConditional } from '../machine/hart/atomic.ts';
import { CONTEXT, F, FS, PC, READ_TLB, SITES_FILLED, STOP_AT, WRITE_TLB, X } from '../machine/hart/state.ts';
import {
  DATA_TLB_BYTES,
  SITE_BYTES,
  SITE_LIMIT,
  SITE_LOG,
  SITE_LOG_ENTRIES,
  SITES,
} from '../machine/memory/layout.ts';
import {
  accessOffset,
  baseOf,
  groupOf,
  isForStores,
  lowestOf,
  openedBy,
  setOpenedBy,
  spanOf,
} from './access-groups.ts';
import {
  emit,
  emitAccess,
  emitCallIndirect,
  emitConst32,
  emitConst64,
  emitGet,
  emitSet,
  emitTee,
  emitUnlikelyIf,
  NO_RESULT,
  OP_END,
  OP_RETURN,
  TYPE_CONDITIONAL,
  TYPE_DONE,
  TYPE_FLOAT,
  TYPE_LOAD,
  TYPE_TARGET,
} from './wasm-writer.ts';

// Locals: the parameters, x1 to x31 from 4 on, then the others by type.
export const LOCAL_N: u32 = 0;
export const LOCAL_DEPTH: u32 = 1;
export const LOCAL_PAGE_VA: u32 = 2;
export const LOCAL_PAGE_BASE: u32 = 3;
const LOCAL_X0: u32 = 3;
export const LOCAL_OLD: u32 = 35;
export const LOCAL_TARGET: u32 = 36;
export const I64_LOCALS: u32 = 33;
export const LOCAL_POINTER: u32 = 37;
const LOCAL_GROUPS: u32 = 38;
/** Groups of accesses whose pointers are kept at a time. */
const KEPT_GROUPS: u32 = 24;
export const I32_LOCALS: u32 = 1 + KEPT_GROUPS;

const I32_LOAD: u8 = 0x28;
const I32_LOAD16_U: u8 = 0x2f;
const I64_LOAD: u8 = 0x29;
const I64_LOAD32_U: u8 = 0x35;
const I32_STORE: u8 = 0x36;
const I64_STORE: u8 = 0x37;
const I32_EQZ: u8 = 0x45;
const I32_NE: u8 = 0x47;
const I32_LE_S: u8 = 0x4c;
const I64_NE: u8 = 0x52;
const I64_GE_U: u8 = 0x5a;
const I32_ADD: u8 = 0x6a;
const I32_SUB: u8 = 0x6b;
const I32_AND: u8 = 0x71;
const I32_SHL: u8 = 0x74;
const I32_SHR_U: u8 = 0x76;
const I64_ADD: u8 = 0x7c;
const I64_SUB: u8 = 0x7d;
const I64_AND: u8 = 0x83;
const I64_OR: u8 = 0x84;
const I32_WRAP: u8 = 0xa7;
const BOXED: i64 = 0xffff_ffff_0000_0000;

/** WebAssembly blocks around what is being written. */
let labelDepth: u32 = 0;
/** The instruction being translated: its offset in the page, how many of its block come before it. */
let place: u32 = 0;
let ordinal: u32 = 0;
/** Registers that may differ from memory before it. */
let dirty: u32 = 0;
/** What the block has established so far: that the float unit is on, that its registers count as dirty. */
let isFloatOn: bool = false;
let isFloatDirty: bool = false;
let firstSite: u32 = 0;
let sites: u32 = 0;
/** Checks of groups written so far in the block. */
let checks: u32 = 0;

export function rd(word: u32): u32 {
  return (word >>> 7) & 31;
}

export function rs1(word: u32): u32 {
  return (word >>> 15) & 31;
}

export function rs2(word: u32): u32 {
  return (word >>> 20) & 31;
}

/** Begins the unit of the block at offset `at`, for the context that is current now; elsewhere it gives up. */
export function beginUnit(at: u32, site: u32): void {
  labelDepth = 0;
  emitLoadState(I32_LOAD, CONTEXT);
  emitConst32(load<i32>(CONTEXT));
  emit(I32_NE);
  beginUnlikely();
  emitPc(at);
  emitReturn();
  endLabel();
  firstSite = site;
  sites = 0;
}

export function sitesUsed(): u32 {
  return sites;
}

export function beginBlock(dirtyRegisters: u32): void {
  dirty = dirtyRegisters;
  isFloatOn = false;
  isFloatDirty = false;
  checks = 0;
}

export function setPlace(at: u32, done: u32): void {
  place = at;
  ordinal = done;
}

export function beginLabel(opcode: u8): void {
  emit(opcode);
  emit(NO_RESULT);
  labelDepth++;
}

/** An `if` for what hardly ever happens. */
export function beginUnlikely(): void {
  emitUnlikelyIf();
  labelDepth++;
}

export function endLabel(): void {
  emit(OP_END);
  labelDepth--;
}

export function currentDepth(): u32 {
  return labelDepth;
}

export function getRegister(register: u32): void {
  if (register) emitGet(LOCAL_X0 + register);
  else emitConst64(0);
}

export function setRegister(register: u32): void {
  if (!register) {
    emit(0x1a);
    return;
  }
  emitSet(LOCAL_X0 + register);
  dirty |= (<u32>1) << register;
}

/** The virtual address of offset `at` of the unit's page. */
export function emitPageAddress(at: i64): void {
  emitGet(LOCAL_PAGE_VA);
  if (!at) return;
  emitConst64(at);
  emit(I64_ADD);
}

export function callHelper(index: u32, type: u32): void {
  emitConst32(<i32>index);
  emitCallIndirect(type);
}

/** Leaves the address of an access without its constant part on the stack, for state at a fixed address. */
function emitState(): void {
  emitConst32(0);
}

export function emitLoadState(opcode: u8, at: usize): void {
  emitState();
  emitAccess(opcode, at);
}

/** Hands the instruction being translated to the interpreter. */
function leave(): void {
  emitSpill(dirty);
  emitPc(place);
  emitGet(LOCAL_N);
  if (ordinal) {
    emitConst32(<i32>ordinal);
    emit(I32_SUB);
  }
  emit(OP_RETURN);
}

/** Pops an i32: where it is 0, the interpreter does this instruction. */
function leaveUnless(): void {
  emit(I32_EQZ);
  beginUnlikely();
  leave();
  endLabel();
}

/** An entry of the site TLB for the unit. */
export function newSite(): usize {
  return SITES + <usize>((firstSite + sites++) & (SITE_LIMIT - 1)) * SITE_BYTES;
}

/** Sees to it that a local holds the host address of a group's first byte; gives back the local. */
function pointerOf(group: u32): u32 {
  const known = openedBy(group);
  if (known && checks - known < KEPT_GROUPS) return LOCAL_GROUPS + (known % KEPT_GROUPS);
  setOpenedBy(group, ++checks);
  const pointer = LOCAL_GROUPS + (checks % KEPT_GROUPS);
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
  getRegister(base);
  emit(I32_WRAP);
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
  const tlb = <usize>load<u32>(isForStores(group) ? WRITE_TLB : READ_TLB);
  const lowest = <i64>lowestOf(group);
  const span = <i64>spanOf(group);
  getRegister(baseOf(group));
  emitConst64(lowest);
  emit(I64_ADD);
  emitTee(LOCAL_OLD);
  emit(I32_WRAP);
  emitConst32(8);
  emit(I32_SHR_U);
  emitConst32(<i32>DATA_TLB_BYTES - 16);
  emit(I32_AND);
  emitTee(LOCAL_POINTER);
  emitAccess(I64_LOAD, tlb);
  emitTee(LOCAL_TARGET);
  emitGet(LOCAL_OLD);
  emitConst64(span - 1);
  emit(I64_ADD);
  emitConst64(-4096);
  emit(I64_AND);
  emit(I64_NE);
  beginUnlikely();
  leave();
  endLabel();
  // What hart/site-tlb.ts describes.
  emitState();
  emitGet(LOCAL_TARGET);
  emitConst64(4096 - span - lowest);
  emit(I64_ADD);
  emitAccess(I64_STORE, site);
  emitState();
  emitGet(LOCAL_POINTER);
  emitAccess(I32_LOAD, tlb + 8);
  emitConst32(<i32>lowest);
  emit(I32_ADD);
  emitAccess(I32_STORE, site + 16);
  emitLoadState(I32_LOAD, SITES_FILLED);
  emitConst32(<i32>SITE_LOG_ENTRIES - 1);
  emit(I32_AND);
  emitConst32(2);
  emit(I32_SHL);
  emitConst32(<i32>site);
  emitAccess(I32_STORE, SITE_LOG);
  emitState();
  emitLoadState(I32_LOAD, SITES_FILLED);
  emitLoadState(I32_LOAD, site + 8);
  emit(I32_EQZ);
  emit(I32_ADD);
  emitAccess(I32_STORE, SITES_FILLED);
  emitState();
  emitConst32(4097 - <i32>span);
  emitAccess(I32_STORE, site + 8);
}

/** Offset of an access from its group's first byte. */
function offsetInGroup(word: u32): usize {
  return <usize>(accessOffset(word) - lowestOf(groupOf(ordinal)));
}

export function emitLoad(word: u32, bytes: u32, signed: bool): void {
  const pointer = pointerOf(groupOf(ordinal));
  const opcode: u8 =
    bytes == 8
      ? I64_LOAD
      : bytes == 4
        ? signed
          ? 0x34
          : 0x35
        : bytes == 2
          ? signed
            ? 0x32
            : 0x33
          : signed
            ? 0x30
            : 0x31;
  emitGet(pointer);
  emitAccess(opcode, offsetInGroup(word));
  setRegister(rd(word));
}

function storeOpcode(bytes: u32): u8 {
  return bytes == 8 ? I64_STORE : bytes == 4 ? 0x3e : bytes == 2 ? 0x3d : 0x3c;
}

export function emitStore(word: u32, bytes: u32): void {
  emitGet(pointerOf(groupOf(ordinal)));
  getRegister(rs2(word));
  emitAccess(storeOpcode(bytes), offsetInGroup(word));
}

function checkFloat(): void {
  if (isFloatOn) return;
  isFloatOn = true;
  emitLoadState(I32_LOAD, FS);
  leaveUnless();
}

function markFloatDirty(): void {
  if (isFloatDirty) return;
  isFloatDirty = true;
  emitState();
  emitConst32(3);
  emitAccess(I32_STORE, FS);
}

function floatAddress(register: u32): usize {
  return F + ((<usize>register) << 3);
}

export function emitFloatLoad(word: u32, bytes: u32): void {
  checkFloat();
  const pointer = pointerOf(groupOf(ordinal));
  emitState();
  emitGet(pointer);
  emitAccess(bytes == 8 ? I64_LOAD : 0x35, offsetInGroup(word));
  if (bytes == 4) {
    emitConst64(BOXED);
    emit(I64_OR);
  }
  emitAccess(I64_STORE, floatAddress(rd(word)));
  markFloatDirty();
}

export function emitFloatStore(word: u32, bytes: u32): void {
  checkFloat();
  emitGet(pointerOf(groupOf(ordinal)));
  emitLoadState(I64_LOAD, floatAddress(rs2(word)));
  emitAccess(storeOpcode(bytes), offsetInGroup(word));
}

/** A float instruction by its function, which works on registers in memory. */
export function emitFloat(word: u32, index: u32, readsInteger: bool, writesInteger: bool): void {
  if (readsInteger && rs1(word)) storeRegister(rs1(word));
  emitConst32(<i32>word);
  callHelper(index, TYPE_FLOAT);
  leaveUnless();
  if (writesInteger && rd(word)) loadRegister(rd(word));
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
  emitAccess(storeOpcode(bytes), 0);
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

function loadRegister(register: u32): void {
  emitLoadState(I64_LOAD, X + ((<usize>register) << 3));
  setRegister(register);
}

function storeRegister(register: u32): void {
  emitState();
  getRegister(register);
  emitAccess(I64_STORE, X + ((<usize>register) << 3));
}

/** Loads the registers of a mask from memory. */
export function emitReload(registers: u32): void {
  for (let register: u32 = 1; register < 32; register++)
    if ((registers >>> register) & 1) loadRegister(register);
}

/** Stores the registers of a mask to memory. */
export function emitSpill(registers: u32): void {
  for (let register: u32 = 1; register < 32; register++)
    if ((registers >>> register) & 1) storeRegister(register);
}

/** The pc becomes offset `at` of the unit's page. */
export function emitPc(at: i64): void {
  emitState();
  emitPageAddress(at);
  emitAccess(I64_STORE, PC);
}

/** The pc becomes LOCAL_TARGET. */
export function emitPcFromTarget(): void {
  emitState();
  emitGet(LOCAL_TARGET);
  emitAccess(I64_STORE, PC);
}

export function emitReturn(): void {
  emitGet(LOCAL_N);
  emit(OP_RETURN);
}

/** Takes instructions off what is left. */
export function emitCount(instructions: u32): void {
  emitGet(LOCAL_N);
  emitConst32(<i32>instructions);
  emit(I32_SUB);
  emitSet(LOCAL_N);
}

/** Leaves on the stack whether the slice's instructions are used up. */
export function emitIsUsedUp(): void {
  emitGet(LOCAL_N);
  emitConst32(0);
  emit(I32_LE_S);
}

/** Leaves on the stack whether the slice is over, which a call may have brought about. */
export function emitIsOver(): void {
  emitGet(LOCAL_N);
  // Either 0 or far above any slice's length; of 16 bits for the reason given in pointerOf.
  emitLoadState(I32_LOAD16_U, STOP_AT);
  emit(I32_LE_S);
}
