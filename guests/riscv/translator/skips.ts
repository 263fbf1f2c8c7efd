// Branches over a few instructions that only compute, which compilers make of what is to be done to a number now and then:
// its translation computes both and selects. What decides is the data, mostly, so that a branch of the processor's would be
// guessed wrongly time and again, at the cost of a score of instructions. (RISC-V cores do the same with a branch over one
// instruction.)
import { branchOffset } from '../machine/hart/decode.ts';
import { operationOf } from '../machine/hart/decoder.generated.ts';
import {
  blockCount,
  COUNT,
  END,
  field,
  KIND,
  KIND_BRANCH,
  KIND_FALL,
  LAST,
  LAST_WORD,
  NONE,
  READ,
  START,
  setField,
  setWide,
  TO_NEXT,
  TO_TAKEN,
  WRITTEN,
  wideField,
} from './blocks.ts';
import { rd } from './emit.ts';
import { emitInstructions } from './idioms.ts';
import { emitCondition } from './instructions.generated.ts';
import { KEPT_REGISTERS, LOCAL_KEPT, LOCAL_KEPT_NARROW, LOCAL_N, LOCAL_SKIPS } from './locals.ts';
import { emitMark } from './observation.ts';
import { lengthAt, wordAt } from './page-code.ts';
import { getNarrow, getRegister, isNarrow, setNarrow, setRegister } from './registers.ts';
import { emit, emitConst32, emitGet, emitSet } from './wasm-writer.ts';

const MAX_SKIPPED: u32 = 3;

const SELECT: u8 = 0x1b;
const I32_ADD: u8 = 0x6a;
const I32_MUL: u8 = 0x6c;
const I64_EXTEND_S: u8 = 0xac;

/** Whether a word is an integer instruction that can neither trap nor takes long. */
function onlyComputes(word: u32): bool {
  const major = word & 0x7f;
  if (operationOf(word) == 0) return false;
  if (major == 0x13 || major == 0x1b || major == 0x17 || major == 0x37) return true;
  if ((major & ~0x08) != 0x33) return false;
  // Divisions have branches of their own.
  return word >>> 25 != 1 || ((word >>> 12) & 7) < 4;
}

/** Whether `body` is what a branch at the end of `block` skips, and is reached in no other way. */
function isSkipped(block: u32, body: u32): bool {
  if (body == NONE || body == 0 || field(body, KIND) != KIND_FALL || field(body, COUNT) > MAX_SKIPPED)
    return false;
  const behind = field(body, TO_NEXT);
  if (behind == NONE || behind == block || behind != field(block, TO_TAKEN)) return false;
  if (<u32>popcnt(wideField(body, WRITTEN)) > KEPT_REGISTERS) return false;
  for (let at = field(body, START); at < field(body, END); at += lengthAt(at))
    if (!onlyComputes(wordAt(at))) return false;
  for (let from: u32 = 0; from < blockCount(); from++) {
    if (field(from, TO_TAKEN) == body) return false;
    if (field(from, TO_NEXT) == body && from != block) return false;
  }
  return true;
}

/** Makes what `block` skips a part of it; whether the instructions are done or not, it reads what they would leave as it was. */
function fold(block: u32, body: u32): void {
  const written = wideField(block, WRITTEN);
  const inBody = wideField(body, READ) | wideField(body, WRITTEN);
  setWide(block, READ, wideField(block, READ) | (inBody & ~written));
  setWide(block, WRITTEN, written | wideField(body, WRITTEN));
  setField(block, COUNT, field(block, COUNT) + field(body, COUNT));
  setField(block, KIND, KIND_FALL);
  setField(block, END, field(body, END));
  setField(block, LAST, field(body, LAST));
  setWide(block, LAST_WORD, wideField(body, LAST_WORD));
  setField(block, TO_TAKEN, NONE);
  setField(block, TO_NEXT, field(body, TO_NEXT));
  setField(body, COUNT, 0);
  setField(body, TO_NEXT, NONE);
}

/** Makes blocks of a region whose branch is a skip one with what it skips: the branch is in the midst of them then. */
export function foldSkips(): void {
  for (let block: u32 = 0; block < blockCount(); block++) {
    if (field(block, KIND) != KIND_BRANCH) continue;
    const body = field(block, TO_NEXT);
    if (isSkipped(block, body)) fold(block, body);
  }
}

export function isSkip(word: u32): bool {
  return (word & 0x7f) == 0x63;
}

/** The skip at offset `at`, with what it skips; how many instructions these are, 0 where one of them is unknown. */
export function emitSkip(word: u32, at: u32): u32 {
  const end = at + <u32>branchOffset(word);
  emitCondition(operationOf(word) & 0xffff, word);
  emitSet(LOCAL_SKIPS);
  let skipped: u32 = 0;
  let written: u32 = 0;
  for (let place = at + lengthAt(at); place < end; place += lengthAt(place)) {
    written |= ((<u32>1) << rd(wordAt(place))) & ~1;
    skipped++;
  }
  const narrow = keep(written);
  for (let place = at + lengthAt(at); place < end; ) {
    const taken = emitSkipped(place, end);
    if (!taken) return 0;
    place += lengthAt(place);
    if (taken == 2) place += lengthAt(place);
  }
  choose(written, narrow);
  // What is skipped does not count, though it is taken off with the block's instructions.
  emitGet(LOCAL_SKIPS);
  emitConst32(<i32>skipped);
  emit(I32_MUL);
  emitGet(LOCAL_N);
  emit(I32_ADD);
  emitSet(LOCAL_N);
  return 1 + skipped;
}

/** Emits the instruction at `place`, perhaps with the next one; returns as emitInstructions does. */
function emitSkipped(place: u32, end: u32): u32 {
  emitMark(place);
  const next = place + lengthAt(place);
  return emitInstructions(wordAt(place), next < end ? wordAt(next) : 0, place);
}

/** Keeps registers as they are; those of them that are narrow. */
function keep(registers: u32): u32 {
  let narrow: u32 = 0;
  let kept: u32 = 0;
  for (let rest = registers; rest; rest &= rest - 1, kept++) {
    const register = <u32>ctz(rest);
    if (isNarrow(register)) {
      narrow |= (<u32>1) << register;
      getNarrow(register);
      emitSet(LOCAL_KEPT_NARROW + kept);
    } else {
      getRegister(register);
      emitSet(LOCAL_KEPT + kept);
    }
  }
  return narrow;
}

/** Sets registers back to what was kept, where the skip is taken. */
function choose(registers: u32, narrow: u32): void {
  let kept: u32 = 0;
  for (let rest = registers; rest; rest &= rest - 1, kept++) {
    const register = <u32>ctz(rest);
    const wasNarrow = ((narrow >>> register) & 1) != 0;
    if (wasNarrow && isNarrow(register)) {
      emitGet(LOCAL_KEPT_NARROW + kept);
      getNarrow(register);
      emitGet(LOCAL_SKIPS);
      emit(SELECT);
      setNarrow(register);
    } else {
      emitGet(wasNarrow ? LOCAL_KEPT_NARROW + kept : LOCAL_KEPT + kept);
      if (wasNarrow) emit(I64_EXTEND_S);
      getRegister(register);
      emitGet(LOCAL_SKIPS);
      emit(SELECT);
      setRegister(register);
    }
  }
}
