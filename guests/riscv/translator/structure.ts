// Writes a region as a unit: structured control flow from its dominator tree (Ramsey, "Beyond Relooper: Recursive Translation
// of Unstructured Control Flow to Structured Control Flow", ICFP 2022).
import { operationOf } from '../machine/hart/decoder.generated.ts';
import { NEXT_SITE, PC, STRETCH_PC } from '../machine/hart/state.ts';
import { REGION } from '../machine/memory/layout.ts';
import {
  beginGroups,
  forgetGroups,
  groupAccesses,
  meetGroups,
  recallGroups,
  rememberGroups,
} from './access-groups.ts';
import {
  BEHIND,
  blockInOrder,
  COUNT,
  DIRTY,
  END,
  ENTRY,
  field,
  hasLabel,
  headBlock,
  IS_LOOP,
  isNone,
  KIND,
  KIND_BRANCH,
  KIND_CALL,
  KIND_DISPATCH,
  KIND_FALL,
  KIND_GOTO,
  KIND_INDIRECT_CALL,
  KIND_STOP,
  KIND_SYSTEM,
  LAST,
  LAST_WORD,
  LIVE,
  ORDINAL,
  orderedBlocks,
  START,
  STORED,
  TAKEN,
  TO_NEXT,
  TO_TAKEN,
  WITHIN,
  WRITTEN,
  wideField,
} from './blocks.ts';
import {
  beginLabel,
  beginUnit,
  beginUnlikely,
  currentDepth,
  emitIsOver,
  emitIsUsedUp,
  emitLoadState,
  emitPageAddress,
  emitPc,
  emitPcFromTarget,
  emitReturn,
  endLabel,
  rd,
  rs1,
} from './emit.ts';
import { beginFloats } from './float.ts';
import { emitInstructions } from './idioms.ts';
import { emitCondition } from './instructions.generated.ts';
import { addUncounted, emitCount, emitEndBehind, setPlace, setUncounted, uncountedSoFar } from './leave.ts';
import { dirtyAtEnd, foundOutside, leftOutside } from './liveness.ts';
import {
  FLOAT_LOCALS,
  I32_LOCALS,
  I64_LOCALS,
  LOCAL_DEPTH,
  LOCAL_ENTRY,
  LOCAL_N,
  LOCAL_POINTER,
  LOCAL_TARGET,
} from './locals.ts';
import { beginSites, emitPins } from './memory-access.ts';
import { emitMark } from './observation.ts';
import { canBegin, lengthAt, wordAt } from './page-code.ts';
import {
  beginBlock,
  emitReload,
  emitSpill,
  emitWiden,
  getRegister,
  narrowRegisters,
  setForms,
  staleRegisters,
} from './registers.ts';
import { emitSkip, isSkip } from './skips.ts';
import { emitCsr, emitNamesMore, isInterruptRestore } from './system.ts';
import {
  emitArguments,
  emitGoTo,
  emitLink,
  emitLookup,
  emitReturnAddress,
  emitSystem,
  emitTailCall,
} from './transfers.ts';
import {
  beginModule,
  emit,
  emitCallIndirect,
  emitConst32,
  emitConst64,
  emitGet,
  emitSet,
  emitU32,
  endModule,
  hasRoom,
  OP_BLOCK,
  OP_BR,
  OP_ELSE,
  OP_IF,
  OP_LOOP,
  TYPE_UNIT,
} from './wasm-writer.ts';

const I64_LOAD: u8 = 0x29;
const I32_EQ: u8 = 0x46;
const I32_LT_S: u8 = 0x48;
const I64_NE: u8 = 0x52;
const I32_SUB: u8 = 0x6b;
const I32_OR: u8 = 0x72;
const I64_ADD: u8 = 0x7c;
const I64_AND: u8 = 0x83;
/** Labels around the code being written: depth u16 and block u16, loops marked by the top bit of the block. */
const LABELS: usize = REGION + 0x5100;
const LOOP_MARK: u32 = 0x8000;
let labels: u32 = 0;
let isWhole: bool = true;
let singleBases: u32 = 0;
/** Guest calls that may be calls of units by units at a time. */
const MAX_DEPTH: i32 = 192;

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

/** Goes on at a successor of `from` (TO_TAKEN or TO_NEXT), a block or else offset `at` outside of the region. */
function emitEdge(from: u32, side: usize, at: i64): void {
  const to = field(from, side);
  if (isNone(to)) {
    emitCount();
    emitSpill(dirtyAtEnd(from));
    emitGoTo(at);
  } else if (field(to, ORDINAL) <= field(from, ORDINAL)) {
    emitCount();
    emitIsUsedUp();
    beginUnlikely();
    emitSpill(dirtyAtEnd(from));
    emitPc(at);
    emitReturn();
    endLabel();
    // Out of an inner loop: what that does not name is in memory alone.
    emitReload(wideField(to, LIVE) & foundOutside(from, to));
    emitBack(from, side);
  } else {
    emitSpill(dirtyAtEnd(from) & leftOutside(from, to));
    emitReload(wideField(to, LIVE) & foundOutside(from, to));
    emitForward(to);
  }
}

/** Branches to the loop at a successor. */
function emitBack(from: u32, side: usize): void {
  const entry = field(from, ENTRY + (side - TO_TAKEN));
  if (entry) {
    emitConst32(<i32>entry);
    emitSet(LOCAL_ENTRY);
  }
  const to = field(from, side);
  emitWiden(wideField(to, LIVE));
  branchTo(to | LOOP_MARK);
}

/** Goes on at a block further on. */
function emitForward(to: u32): void {
  if (hasLabel(to) || field(to, IS_LOOP)) {
    emitCount();
    emitWiden(wideField(to, LIVE));
  }
  if (hasLabel(to)) {
    meetGroups(to);
    branchTo(to);
  } else emitTree(to);
}

/** A block with all that it dominates. */
function emitTree(block: u32): void {
  if (!hasRoom()) isWhole = false;
  if (!isWhole) return;
  if (hasLabel(block) || field(block, IS_LOOP)) {
    setUncounted(0);
    setForms(0, 0);
  }
  if (hasLabel(block)) recallGroups(block);
  if (field(block, IS_LOOP)) emitAround(block, orderedBlocks());
  else emitWithin(block, orderedBlocks());
}

/** The loop of a block inside of WebAssembly blocks for what comes behind it, of that what is before `before`. */
function emitAround(block: u32, before: u32): void {
  for (let i = before; i > field(block, ORDINAL) + 1; i--) {
    const behind = blockInOrder(i - 1);
    if (field(behind, BEHIND) != block) continue;
    beginLabel(OP_BLOCK);
    pushLabel(behind);
    emitAround(block, i - 1);
    labels--;
    endLabel();
    emitTree(behind);
    return;
  }
  emitPins(block);
  beginLabel(OP_LOOP);
  pushLabel(block | LOOP_MARK);
  emitWithin(block, orderedBlocks());
  labels--;
  endLabel();
}

/** The block inside of WebAssembly blocks for the joins in its code, of those what is before `before`. */
function emitWithin(block: u32, before: u32): void {
  for (let i = before; i > field(block, ORDINAL) + 1; i--) {
    const join = blockInOrder(i - 1);
    if (field(join, WITHIN) != block) continue;
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
  const transfers = kind != KIND_FALL && kind != KIND_STOP && kind != KIND_DISPATCH;
  const instructions = field(block, COUNT) - (transfers ? 1 : 0);
  let at = field(block, START);
  groupAccesses(block, at, instructions, singleBases);
  beginBlock(wideField(block, DIRTY));
  beginFloats();
  for (let done: u32 = 0; done < instructions; ) {
    const word = wordAt(at);
    setPlace(at, done);
    const next = done + 1 < instructions ? wordAt(at + lengthAt(at)) : 0;
    for (let taken = emitOne(word, next, at); taken > 0; taken--, done++) at += lengthAt(at);
  }
  if (transfers) emitMark(field(block, LAST));
  const word = wideField(block, LAST_WORD);
  if (kind == KIND_GOTO && rd(word)) emitReturnAddress(word, field(block, END));
  emitSpill(wideField(block, STORED) & (wideField(block, DIRTY) | wideField(block, WRITTEN)));
  addUncounted(field(block, COUNT));
  emitTransfer(block, kind);
}

/** Emits an instruction that is no transfer, perhaps with the next one; how many these were. */
function emitOne(word: u32, next: u32, at: u32): u32 {
  if ((word & 0x7f) == 0x73) {
    if (isInterruptRestore(word)) {
      emitNamesMore(word);
      beginUnlikely();
      emitEndBehind();
      emitSystem(word, at);
      endLabel();
    }
    emitCsr(word);
    return 1;
  }
  const taken = isSkip(word) ? emitSkip(word, at) : emitInstructions(word, next, at);
  if (!taken) isWhole = false;
  return max(taken, 1);
}

function emitTransfer(block: u32, kind: u32): void {
  const word = wideField(block, LAST_WORD);
  const next = <i64>field(block, END);
  const taken = <i64>(<i32>wideField(block, TAKEN));
  if (kind == KIND_FALL) emitEdge(block, TO_NEXT, next);
  else if (kind == KIND_GOTO) {
    emitEdge(block, TO_TAKEN, taken);
  } else if (kind == KIND_STOP) {
    emitCount();
    emitSpill(dirtyAtEnd(block));
    if (canBegin(<u32>next)) emitGoTo(next);
    else {
      emitPc(next);
      emitReturn();
    }
  } else if (kind == KIND_SYSTEM) {
    emitCount();
    emitSpill(dirtyAtEnd(block));
    emitSystem(word, field(block, LAST));
  } else if (kind == KIND_BRANCH) {
    emitCondition(operationOf(word) & 0xffff, word);
    emitBranch(block, taken, next);
  } else if (kind == KIND_DISPATCH) {
    emitGet(LOCAL_ENTRY);
    emitConst32(<i32>block);
    emit(I32_EQ);
    emitBranch(block, taken, next);
  } else if (kind == KIND_CALL) {
    emitCount();
    emitReturnAddress(word, next);
    emitSpill(dirtyAtEnd(block));
    emitPageAddress(taken);
    emitSet(LOCAL_TARGET);
    emitLink();
    emitCall(block, next);
  } else {
    emitIndirect(block, word, next, kind == KIND_INDIRECT_CALL);
  }
}

/** Goes on at TO_TAKEN when the i32 on the stack is not 0, else at TO_NEXT. */
function emitBranch(block: u32, taken: i64, next: i64): void {
  const uncounted = uncountedSoFar();
  const narrow = narrowRegisters();
  const stale = staleRegisters();
  rememberGroups(block);
  beginLabel(OP_IF);
  if (field(block, KIND) == KIND_DISPATCH) {
    emitConst32(0);
    emitSet(LOCAL_ENTRY);
  }
  emitEdge(block, TO_TAKEN, taken);
  emit(OP_ELSE);
  setUncounted(uncounted);
  setForms(narrow, stale);
  recallGroups(block);
  emitEdge(block, TO_NEXT, next);
  endLabel();
}

function emitIndirect(block: u32, word: u32, next: i64, isCall: bool): void {
  emitCount();
  getRegister(rs1(word));
  emitConst64(<i64>(<i32>word >> 20));
  emit(I64_ADD);
  emitConst64(-2);
  emit(I64_AND);
  emitSet(LOCAL_TARGET);
  if (rd(word)) emitReturnAddress(word, next);
  emitSpill(dirtyAtEnd(block));
  if (isCall) {
    emitLookup();
    emitCall(block, next);
  } else if (rs1(word) == 1 || rs1(word) == 5) {
    // A return: whoever called compares the address. Where nobody did, it is a jump like any other.
    emitGet(LOCAL_DEPTH);
    beginLabel(OP_IF);
    emitPcFromTarget();
    emitReturn();
    endLabel();
    emitLookup();
    emitTailCall();
  } else {
    emitLookup();
    emitTailCall();
  }
}

/** A guest call: a WebAssembly call of the unit of LOCAL_POINTER's entry, after which the guest must be at `next`. */
function emitCall(block: u32, next: i64): void {
  const continuation = field(block, TO_NEXT);
  if (isNone(continuation)) {
    emitTailCall();
    return;
  }
  // Both in one test: no more calls may nest, or nothing is left of the slice. Without the latter, calls on their way
  // down would put off interrupts by as much code as all of them have.
  emitConst32(MAX_DEPTH - 1);
  emitGet(LOCAL_DEPTH);
  emit(I32_SUB);
  emitGet(LOCAL_N);
  emit(I32_OR);
  emitConst32(0);
  emit(I32_LT_S);
  beginUnlikely();
  emitTailCall();
  endLabel();
  emitArguments(true);
  emitCallIndirect(TYPE_UNIT);
  emitSet(LOCAL_N);
  emitLoadState(I64_LOAD, PC);
  emitPageAddress(next);
  emit(I64_NE);
  beginUnlikely();
  emitReturn();
  endLabel();
  emitIsOver();
  beginUnlikely();
  emitReturn();
  endLabel();
  setForms(0, 0);
  forgetGroups();
  emitReload(wideField(continuation, LIVE));
  emitEdgeAfterCall(block, next);
}

/** As emitEdge for TO_NEXT, with nothing to be stored. */
function emitEdgeAfterCall(from: u32, at: i64): void {
  const to = field(from, TO_NEXT);
  if (field(to, ORDINAL) > field(from, ORDINAL)) {
    emitForward(to);
    return;
  }
  emitIsUsedUp();
  beginUnlikely();
  emitPc(at);
  emitReturn();
  endLabel();
  emitBack(from, TO_NEXT);
}

/**
 * Writes the unit of the region that was found; its length, or 0 when it could not be written. Accesses by the base
 * registers in `single`, a bit each, get a check each.
 */
export function writeUnit(single: u32): u32 {
  singleBases = single;
  labels = 0;
  isWhole = true;
  setForms(0, 0);
  setUncounted(0);
  beginGroups();
  beginModule(I64_LOCALS, I32_LOCALS, FLOAT_LOCALS);
  beginSites(load<u32>(NEXT_SITE));
  beginUnit(field(headBlock(), START));
  emitReload(wideField(headBlock(), LIVE));
  emitTree(headBlock());
  emit(0x00);
  const bytes = endModule((load<u64>(STRETCH_PC) & ~0xfff) | <u64>field(headBlock(), START));
  return isWhole ? bytes : 0;
}
