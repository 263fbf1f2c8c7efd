// Translates a region to a unit: structured control flow from its dominator tree (Ramsey, "Beyond Relooper: Recursive
// Translation of Unstructured Control Flow to Structured Control Flow", ICFP 2022), then publishes it.
import { publishCode } from '../../lib/hypercalls.ts';
import { decodeAt } from '../machine/hart/decode.ts';
import { PAGE_HOST } from '../machine/hart/decode-cache.ts';
import { operationOf } from '../machine/hart/decoder.generated.ts';
import {
  NEXT_SITE,
  PAGE_BASE,
  PAGE_VA,
  PC,
  SITE_TLB,
  UNIT_DEPTH,
  UNIT_EPOCH,
} from '../machine/hart/state.ts';
import { DECODED_PAGE_BYTES, DECODED_PAGES, MODULE, REGION } from '../machine/memory/layout.ts';
import {
  beginLabel,
  beginUnit,
  currentDepth,
  emitCount,
  emitIsOver,
  emitPageAddress,
  emitReload,
  emitReturnAt,
  emitSpill,
  emitWayOut,
  endLabel,
  getRegister,
  I32_LOCALS,
  I64_LOCALS,
  LOCAL_EPOCH,
  LOCAL_N,
  LOCAL_PAGE_BASE,
  LOCAL_PAGE_VA,
  LOCAL_SITE,
  LOCAL_TARGET,
  rd,
  rs1,
  setPlace,
  setRegister,
  sitesUsed,
} from './emit.ts';
import { emitCondition, emitInstruction } from './instructions.generated.ts';
import {
  blockInOrder,
  COUNT,
  DOMINATOR,
  dirtyAtEnd,
  END,
  field,
  findRegion,
  headBlock,
  IS_LOOP,
  isNone,
  JOINS,
  KIND,
  KIND_BRANCH,
  KIND_CALL,
  KIND_FALL,
  KIND_GOTO,
  KIND_INDIRECT_CALL,
  KIND_STOP,
  LAST,
  LAST_WORD,
  lengthAt,
  ORDINAL,
  orderedBlocks,
  START,
  TAKEN,
  TO_NEXT,
  TO_TAKEN,
  usedRegisters,
  wideField,
  wordAt,
  writtenRegisters,
} from './region.ts';
import { unitAt } from './runtime.ts';
import { installUnit, reserveUnit } from './unit-table.ts';
import {
  beginModule,
  emit,
  emitAccess,
  emitCallIndirect,
  emitConst32,
  emitConst64,
  emitGet,
  emitSet,
  emitTailCallIndirect,
  emitU32,
  endModule,
  hasRoom,
  OP_BLOCK,
  OP_BR,
  OP_ELSE,
  OP_IF,
  OP_LOOP,
  OP_RETURN,
  TYPE_TARGET,
  TYPE_UNIT,
} from './wasm-writer.ts';

/** Labels around the code being written: depth u16 and block u16, loops marked by the top bit of the block. */
const LABELS: usize = REGION + 0x5100;
const LOOP_MARK: u32 = 0x8000;
let labels: u32 = 0;
let isWhole: bool = true;

/** Guest calls that may be calls of units by units at a time. */
const MAX_DEPTH: i32 = 48;
const I32_LOAD: u8 = 0x28;
const I64_LOAD: u8 = 0x29;
const I32_STORE: u8 = 0x36;
const I64_STORE: u8 = 0x37;

function pushLabel(block: u32): void {
  store<u16>(LABELS + ((<usize>labels) << 2), <u16>currentDepth());
  store<u16>(LABELS + ((<usize>labels) << 2), <u16>block, 2);
  labels++;
}

/** Branches to the label of a block (or of its loop). */
function branchTo(mark: u32): void {
  for (let i = labels; i > 0; i--) {
    const at = LABELS + ((<usize>(i - 1)) << 2);
    if (<u32>load<u16>(at, 2) != mark) continue;
    emit(OP_BR);
    emitU32(currentDepth() - <u32>load<u16>(at));
    return;
  }
  isWhole = false;
}

/** Goes to offset `at` (of the page or beyond it), where there may be a unit. */
function emitGoTo(at: i64): void {
  emitGet(LOCAL_N);
  emitPageAddress(at);
  emitGet(LOCAL_N);
  emitConst32(<i32>unitAt.index);
  emitCallIndirect(TYPE_TARGET);
  emitTailCallIndirect(TYPE_UNIT);
}

/** Goes on at a successor of `from`, a block or else offset `at` outside of the region. */
function emitEdge(from: u32, to: u32, at: i64): void {
  if (isNone(to)) {
    emitSpill(dirtyAtEnd(from));
    emitGoTo(at);
  } else if (field(to, ORDINAL) <= field(from, ORDINAL)) {
    emitIsOver();
    beginLabel(OP_IF);
    emitSpill(dirtyAtEnd(from));
    emitReturnAt(at);
    endLabel();
    branchTo(to | LOOP_MARK);
  } else if (field(to, JOINS) > 1) branchTo(to);
  else emitTree(to);
}

/** A block with all that it dominates. */
function emitTree(block: u32): void {
  if (!hasRoom()) isWhole = false;
  if (!isWhole) return;
  const isLoop = field(block, IS_LOOP) != 0;
  if (isLoop) {
    beginLabel(OP_LOOP);
    pushLabel(block | LOOP_MARK);
  }
  emitWithin(block, orderedBlocks());
  if (isLoop) {
    labels--;
    endLabel();
  }
}

/** The block inside of WebAssembly blocks for the joins that it dominates directly and that come before `before`. */
function emitWithin(block: u32, before: u32): void {
  for (let i = before; i > field(block, ORDINAL) + 1; i--) {
    const join = blockInOrder(i - 1);
    if (field(join, DOMINATOR) != block || field(join, JOINS) < 2) continue;
    beginLabel(OP_BLOCK);
    pushLabel(join);
    emitWithin(block, i - 1);
    labels--;
    endLabel();
    emitTree(join);
    return;
  }
  emitBody(block);
}

function emitBody(block: u32): void {
  const kind = field(block, KIND);
  const transfers = kind != KIND_FALL && kind != KIND_STOP;
  const instructions = field(block, COUNT) - (transfers ? 1 : 0);
  let at = field(block, START);
  for (let done: u32 = 0; done < instructions; done++) {
    const word = wordAt(at);
    setPlace(at, done);
    if (!emitInstruction(operationOf(word) & 0xffff, word, at)) isWhole = false;
    at += lengthAt(at);
  }
  emitCount(field(block, COUNT));
  emitTransfer(block, kind);
}

function emitTransfer(block: u32, kind: u32): void {
  const word = wideField(block, LAST_WORD);
  const next = <i64>field(block, END);
  const taken = <i64>(<i32>wideField(block, TAKEN));
  if (kind == KIND_FALL) emitEdge(block, field(block, TO_NEXT), next);
  else if (kind == KIND_GOTO) emitEdge(block, field(block, TO_TAKEN), taken);
  else if (kind == KIND_STOP) {
    emitSpill(dirtyAtEnd(block));
    if (next > 4094) emitGoTo(next);
    else emitReturnAt(next);
  } else if (kind == KIND_BRANCH) {
    emitCondition(operationOf(word) & 0xffff, word);
    beginLabel(OP_IF);
    emitEdge(block, field(block, TO_TAKEN), taken);
    emit(OP_ELSE);
    emitEdge(block, field(block, TO_NEXT), next);
    endLabel();
  } else if (kind == KIND_CALL) {
    emitPageAddress(next);
    setRegister(rd(word));
    emitPageAddress(taken);
    emitSet(LOCAL_TARGET);
    emitCall(block, next);
  } else {
    emitIndirect(block, word, next, kind == KIND_INDIRECT_CALL);
  }
}

function emitIndirect(block: u32, word: u32, next: i64, isCall: bool): void {
  getRegister(rs1(word));
  emitConst64(<i64>(<i32>word >> 20));
  emit(0x7c);
  emitConst64(-2);
  emit(0x83);
  emitSet(LOCAL_TARGET);
  if (isCall) {
    emitPageAddress(next);
    setRegister(rd(word));
    emitCall(block, next);
    return;
  }
  emitSpill(dirtyAtEnd(block));
  if (rs1(word) == 1 || rs1(word) == 5) {
    // A return: whoever called compares the address; where nobody did, the interpreter looks for the unit there.
    emitConst32(0);
    emitGet(LOCAL_TARGET);
    emitAccess(I64_STORE, PC);
    emitGet(LOCAL_N);
    emit(OP_RETURN);
    return;
  }
  emitGet(LOCAL_N);
  emitTargetUnit();
  emitTailCallIndirect(TYPE_UNIT);
}

function emitTargetUnit(): void {
  emitGet(LOCAL_TARGET);
  emitGet(LOCAL_N);
  emitConst32(<i32>unitAt.index);
  emitCallIndirect(TYPE_TARGET);
}

function emitDepth(change: i32): void {
  emitConst32(0);
  emitConst32(0);
  emitAccess(I32_LOAD, UNIT_DEPTH);
  emitConst32(change);
  emit(0x6a);
  emitAccess(I32_STORE, UNIT_DEPTH);
}

/** A guest call: a WebAssembly call of the unit at LOCAL_TARGET, after which the guest must be at `next`. */
function emitCall(block: u32, next: i64): void {
  emitSpill(dirtyAtEnd(block));
  const continuation = field(block, TO_NEXT);
  if (isNone(continuation)) {
    emitGet(LOCAL_N);
    emitTargetUnit();
    emitTailCallIndirect(TYPE_UNIT);
    return;
  }
  emitConst32(0);
  emitAccess(I32_LOAD, UNIT_DEPTH);
  emitConst32(MAX_DEPTH);
  emit(0x4e);
  beginLabel(OP_IF);
  emitGet(LOCAL_N);
  emitTargetUnit();
  emitTailCallIndirect(TYPE_UNIT);
  endLabel();
  emitDepth(1);
  emitGet(LOCAL_N);
  emitTargetUnit();
  emitCallIndirect(TYPE_UNIT);
  emitSet(LOCAL_N);
  emitDepth(-1);
  emitIsOver();
  emitConst32(0);
  emitAccess(I64_LOAD, PC);
  emitPageAddress(next);
  emit(0x52);
  emit(0x72);
  emitConst32(0);
  emitAccess(I32_LOAD, UNIT_EPOCH);
  emitGet(LOCAL_EPOCH);
  emit(0x47);
  emit(0x72);
  beginLabel(OP_IF);
  emitGet(LOCAL_N);
  emit(OP_RETURN);
  endLabel();
  emitConst32(0);
  emitGet(LOCAL_PAGE_VA);
  emitAccess(I64_STORE, PAGE_VA);
  emitConst32(0);
  emitGet(LOCAL_PAGE_BASE);
  emitAccess(I32_STORE, PAGE_BASE);
  emitReload(usedRegisters);
  emitEdgeAfterCall(block, continuation, next);
}

/** As emitEdge, with nothing to be stored. */
function emitEdgeAfterCall(from: u32, to: u32, at: i64): void {
  if (field(to, ORDINAL) > field(from, ORDINAL)) {
    if (field(to, JOINS) > 1) branchTo(to);
    else emitTree(to);
    return;
  }
  emitIsOver();
  beginLabel(OP_IF);
  emitReturnAt(at);
  endLabel();
  branchTo(to | LOOP_MARK);
}

function emitLoadedLocal(opcode: u8, at: usize, local: u32): void {
  emitConst32(0);
  emitAccess(opcode, at);
  emitSet(local);
}

/** Writes the unit of the region that was found; its length, or 0 when it could not be written. */
function writeUnit(): u32 {
  labels = 0;
  isWhole = true;
  beginModule(I64_LOCALS, I32_LOCALS);
  beginUnit(load<u32>(NEXT_SITE));
  emit(OP_BLOCK);
  emit(0x40);
  emit(OP_BLOCK);
  emit(0x40);
  emitLoadedLocal(I64_LOAD, PAGE_VA, LOCAL_PAGE_VA);
  emitLoadedLocal(I32_LOAD, PAGE_BASE, LOCAL_PAGE_BASE);
  emitLoadedLocal(I32_LOAD, UNIT_EPOCH, LOCAL_EPOCH);
  emitLoadedLocal(I32_LOAD, SITE_TLB, LOCAL_SITE);
  emitReload(usedRegisters);
  emitTree(headBlock());
  emit(0x00);
  emit(0x0b);
  emitWayOut(writtenRegisters, true);
  emit(0x0b);
  emitWayOut(writtenRegisters, false);
  store<u32>(NEXT_SITE, load<u32>(NEXT_SITE) + sitesUsed());
  const bytes = endModule();
  return isWhole ? bytes : 0;
}

/** What the unit's slot held must be an instruction, should the unit have to give it back. */
function decodeSlot(page: usize, slot: usize): void {
  const current = load<u32>(PAGE_BASE);
  store<u32>(PAGE_BASE, <u32>page);
  decodeAt(slot);
  store<u32>(PAGE_BASE, current);
}

/** Translates what begins at a slot of the decode cache; false when that cannot be. */
export function translate(slot: usize): bool {
  const offset = (slot - DECODED_PAGES) % DECODED_PAGE_BYTES;
  const page = slot - offset;
  if (offset >= 16384) return false;
  if (load<u16>(slot) == 0) decodeSlot(page, slot);
  const host = <usize>load<u32>(page, PAGE_HOST);
  if (!findRegion(host, <u32>(offset >>> 2))) return false;
  const bytes = writeUnit();
  if (bytes == 0) return false;
  const index = reserveUnit();
  if (publishCode(MODULE, bytes, index) != 0) return false;
  installUnit(index, slot);
  return true;
}
