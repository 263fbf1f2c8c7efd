// The pieces of a unit's code. While it runs, the integer registers are WebAssembly locals 1 to 31; float registers stay
// in memory. Two ways out are shared: FAULT takes the trap that a slow path left behind, LEAVE hands an instruction to
// the interpreter. Both find in local PLACE where they were: offset in the page << 16 | instructions of the block done.
import { atomicDone, atomicPointer, loadReserved, storeConditional } from '../machine/hart/atomic.ts';
import { F, FS, PC, STOP_AT, X } from '../machine/hart/state.ts';
import { leaveUnit, loadMiss, storeMiss, takeTrap } from './runtime.ts';
import {
  emit,
  emitAccess,
  emitCallIndirect,
  emitConst32,
  emitConst64,
  emitGet,
  emitSet,
  emitTailCallIndirect,
  emitTee,
  emitU32,
  NO_RESULT,
  OP_BR,
  OP_ELSE,
  OP_END,
  OP_IF,
  OP_RETURN,
  RESULT_I32,
  TYPE_CONDITIONAL,
  TYPE_DONE,
  TYPE_LOAD,
  TYPE_STORE,
  TYPE_TARGET,
  TYPE_UNIT,
} from './wasm-writer.ts';

export const LOCAL_N: u32 = 0;
export const LOCAL_PAGE_VA: u32 = 32;
export const LOCAL_VA: u32 = 33;
export const LOCAL_OLD: u32 = 34;
export const LOCAL_TARGET: u32 = 35;
export const I64_LOCALS: u32 = 35;
export const LOCAL_SITE: u32 = 36;
export const LOCAL_POINTER: u32 = 37;
export const LOCAL_PLACE: u32 = 38;
export const LOCAL_EPOCH: u32 = 39;
export const LOCAL_PAGE_BASE: u32 = 40;
export const I32_LOCALS: u32 = 5;

const I32_LOAD: u8 = 0x28;
const I64_LOAD: u8 = 0x29;
const I32_STORE: u8 = 0x36;
const I64_STORE: u8 = 0x37;
const I32_EQZ: u8 = 0x45;
const I32_LE_S: u8 = 0x4c;
const I64_EQ: u8 = 0x51;
const I32_ADD: u8 = 0x6a;
const I32_SUB: u8 = 0x6b;
const I64_ADD: u8 = 0x7c;
const I64_AND: u8 = 0x83;
const I64_OR: u8 = 0x84;
const I32_WRAP: u8 = 0xa7;
const EXTEND_UNSIGNED: u8 = 0xad;
const BOXED: i64 = 0xffff_ffff_0000_0000;

/** Labels between here and FAULT's block; LEAVE's is one further out. */
let labelDepth: u32 = 0;
/** Instruction being translated: its PLACE. */
let place: i32 = 0;
/** Registers whose site is known: 32 for loads, 32 for stores; entries are site byte offset + 1. */
const SITE_SLOTS: u32 = 256;
let firstSite: u32 = 0;
let sites: u32 = 0;
const siteOf = memory.data(128);

export function rd(word: u32): u32 {
  return (word >>> 7) & 31;
}

export function rs1(word: u32): u32 {
  return (word >>> 15) & 31;
}

export function rs2(word: u32): u32 {
  return (word >>> 20) & 31;
}

export function beginUnit(site: u32): void {
  labelDepth = 0;
  firstSite = site;
  sites = 0;
  memory.fill(siteOf, 0, 128);
}

export function sitesUsed(): u32 {
  return sites;
}

export function beginLabel(opcode: u8): void {
  emit(opcode);
  emit(NO_RESULT);
  labelDepth++;
}

export function endLabel(): void {
  emit(OP_END);
  labelDepth--;
}

export function currentDepth(): u32 {
  return labelDepth;
}

export function setPlace(at: u32, done: u32): void {
  place = <i32>((at << 16) | done);
}

export function getRegister(register: u32): void {
  if (register) emitGet(register);
  else emitConst64(0);
}

export function setRegister(register: u32): void {
  if (register) emitSet(register);
  else emit(0x1a);
}

/** The virtual address of offset `at` of the unit's page. */
export function emitPageAddress(at: i64): void {
  emitGet(LOCAL_PAGE_VA);
  emitConst64(at);
  emit(I64_ADD);
}

export function callHelper(index: u32, type: u32): void {
  emitConst32(<i32>index);
  emitCallIndirect(type);
}

/** Pops an i32: where it is 0, takes the trap that was left behind. */
function faultUnless(): void {
  emit(I32_EQZ);
  emit(OP_IF);
  emit(NO_RESULT);
  emitConst32(place);
  emitSet(LOCAL_PLACE);
  emit(OP_BR);
  emitU32(labelDepth + 1);
  emit(OP_END);
}

/** Pops an i32: where it is 0, the interpreter does this instruction. */
function leaveUnless(): void {
  emit(I32_EQZ);
  emit(OP_IF);
  emit(NO_RESULT);
  emitConst32(place);
  emitSet(LOCAL_PLACE);
  emit(OP_BR);
  emitU32(labelDepth + 2);
  emit(OP_END);
}

/** Byte offset of the site of a base register in the site TLB. */
function siteFor(register: u32, isStore: bool): u32 {
  const at = siteOf + ((isStore ? 32 : 0) + register) * 2;
  const known = <u32>load<u16>(at);
  if (known) return known - 1;
  const site = ((firstSite + sites++) & (SITE_SLOTS - 1)) << 4;
  store<u16>(at, <u16>(site + 1));
  return site;
}

function emitAddress(word: u32, immediate: i64): void {
  getRegister(rs1(word));
  if (immediate) {
    emitConst64(immediate);
    emit(I64_ADD);
  }
  emitSet(LOCAL_VA);
}

/** Leaves on the stack whether the site's page holds all `bytes` bytes at LOCAL_VA. */
function emitSiteCheck(site: u32, bytes: u32): void {
  emitGet(LOCAL_VA);
  if (bytes > 1) {
    emitConst64(<i64>bytes - 1);
    emit(I64_ADD);
  }
  emitConst64(-4096);
  emit(I64_AND);
  emitGet(LOCAL_SITE);
  emitAccess(I64_LOAD, site);
  emit(I64_EQ);
}

function emitSitePointer(site: u32): void {
  emitGet(LOCAL_VA);
  emit(I32_WRAP);
  emitGet(LOCAL_SITE);
  emitAccess(I32_LOAD, <usize>site + 8);
  emit(I32_ADD);
}

/** Leaves the host address of `bytes` readable bytes on the stack. */
function emitReadable(word: u32, bytes: u32): void {
  const site = siteFor(rs1(word), false);
  emitAddress(word, <i64>(<i32>word >> 20));
  emitSiteCheck(site, bytes);
  emit(OP_IF);
  emit(RESULT_I32);
  labelDepth++;
  emitSitePointer(site);
  emit(OP_ELSE);
  emitGet(LOCAL_VA);
  emitConst32(<i32>bytes);
  emitConst32(<i32>site);
  callHelper(loadMiss.index, TYPE_LOAD);
  emitTee(LOCAL_POINTER);
  faultUnless();
  emitGet(LOCAL_POINTER);
  endLabel();
}

export function emitLoad(word: u32, bytes: u32, signed: bool): void {
  emitReadable(word, bytes);
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
  emitAccess(opcode, 0);
  setRegister(rd(word));
}

/** Stores what `emitValue` leaves on the stack: 0 a register of the integers, 1 of the floats. */
function emitStoring(word: u32, bytes: u32, isFloat: bool): void {
  const site = siteFor(rs1(word), true);
  emitAddress(word, ((<i64>(<i32>word >> 25)) << 5) | <i64>rd(word));
  emitSiteCheck(site, bytes);
  beginLabel(OP_IF);
  emitSitePointer(site);
  emitStored(word, isFloat);
  emitAccess(bytes == 8 ? I64_STORE : bytes == 4 ? 0x3e : bytes == 2 ? 0x3d : 0x3c, 0);
  emit(OP_ELSE);
  emitGet(LOCAL_VA);
  emitStored(word, isFloat);
  emitConst32(<i32>bytes);
  emitConst32(<i32>site);
  callHelper(storeMiss.index, TYPE_STORE);
  faultUnless();
  endLabel();
}

function emitStored(word: u32, isFloat: bool): void {
  if (!isFloat) {
    getRegister(rs2(word));
    return;
  }
  emitConst32(0);
  emitAccess(I64_LOAD, F + ((<usize>rs2(word)) << 3));
}

export function emitStore(word: u32, bytes: u32): void {
  emitStoring(word, bytes, false);
}

function emitFloatCheck(): void {
  emitConst32(0);
  emitAccess(I32_LOAD, FS);
  leaveUnless();
}

function emitFloatDirty(): void {
  emitConst32(0);
  emitConst32(3);
  emitAccess(I32_STORE, FS);
}

export function emitFloatLoad(word: u32, bytes: u32): void {
  emitFloatCheck();
  emitReadable(word, bytes);
  emitSet(LOCAL_POINTER);
  emitConst32(0);
  emitGet(LOCAL_POINTER);
  emitAccess(bytes == 8 ? I64_LOAD : 0x35, 0);
  if (bytes == 4) {
    emitConst64(BOXED);
    emit(I64_OR);
  }
  emitAccess(I64_STORE, F + ((<usize>rd(word)) << 3));
  emitFloatDirty();
}

export function emitFloatStore(word: u32, bytes: u32): void {
  emitFloatCheck();
  emitStoring(word, bytes, true);
}

/** A float instruction by its function, which works on registers in memory. */
export function emitFloat(word: u32, index: u32, readsInteger: bool, writesInteger: bool): void {
  if (readsInteger && rs1(word)) storeRegister(rs1(word));
  emitConst32(<i32>word);
  callHelper(index, TYPE_UNIT);
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
  faultUnless();
  emitGet(LOCAL_POINTER);
  emitAccess(bytes == 8 ? I64_LOAD : 0x34, 0);
  emitSet(LOCAL_OLD);
  getRegister(rs2(word));
  if (bytes == 4) emit(0xc4);
  emitSet(LOCAL_TARGET);
  emitGet(LOCAL_POINTER);
}

export function emitAtomicEnd(word: u32, bytes: u32): void {
  emitAccess(bytes == 8 ? I64_STORE : 0x3e, 0);
  emitGet(LOCAL_POINTER);
  emitConst32(<i32>bytes);
  callHelper(atomicDone.index, TYPE_DONE);
  if (rd(word)) {
    emitGet(LOCAL_OLD);
    emitSet(rd(word));
  }
}

export function emitLoadReserved(word: u32, bytes: u32): void {
  getRegister(rs1(word));
  emitConst32(<i32>bytes);
  emitConst32(<i32>(rd(word) << 3));
  callHelper(loadReserved.index, TYPE_LOAD);
  faultUnless();
  if (rd(word)) loadRegister(rd(word));
}

export function emitStoreConditional(word: u32, bytes: u32): void {
  getRegister(rs1(word));
  emitConst32(<i32>bytes);
  getRegister(rs2(word));
  emitConst32(<i32>(rd(word) << 3));
  callHelper(storeConditional.index, TYPE_CONDITIONAL);
  faultUnless();
  if (rd(word)) loadRegister(rd(word));
}

function loadRegister(register: u32): void {
  emitConst32(0);
  emitAccess(I64_LOAD, X + ((<usize>register) << 3));
  emitSet(register);
}

function storeRegister(register: u32): void {
  emitConst32(0);
  emitGet(register);
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

/** The pc becomes offset `at` of the unit's page, and the unit returns. */
export function emitReturnAt(at: i64): void {
  emitConst32(0);
  emitPageAddress(at);
  emitAccess(I64_STORE, PC);
  emitGet(LOCAL_N);
  emit(OP_RETURN);
}

/** Takes instructions off what is left. */
export function emitCount(instructions: u32): void {
  if (!instructions) return;
  emitGet(LOCAL_N);
  emitConst32(<i32>instructions);
  emit(I32_SUB);
  emitSet(LOCAL_N);
}

/** Leaves on the stack whether the slice is over. */
export function emitIsOver(): void {
  emitGet(LOCAL_N);
  emitConst32(0);
  emitAccess(I32_LOAD, STOP_AT);
  emit(I32_LE_S);
}

/** What FAULT's and LEAVE's blocks end with: registers and pc as they were before the instruction. */
export function emitWayOut(registers: u32, isTrap: bool): void {
  emitSpill(registers);
  emitConst32(0);
  emitGet(LOCAL_PAGE_VA);
  emitGet(LOCAL_PLACE);
  emitConst32(16);
  emit(0x76);
  emit(EXTEND_UNSIGNED);
  emit(I64_ADD);
  emitAccess(I64_STORE, PC);
  emitGet(LOCAL_N);
  emitGet(LOCAL_PLACE);
  emitConst32(0xffff);
  emit(0x71);
  emit(I32_SUB);
  emitConst32(<i32>(isTrap ? takeTrap.index : leaveUnit.index));
  emitTailCallIndirect(TYPE_UNIT);
}
