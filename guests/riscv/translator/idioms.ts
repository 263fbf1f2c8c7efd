// Instructions, and pairs of them, for which there is shorter WebAssembly than their rows give: copies, constants,
// extensions of narrower numbers to 64 bits (RISC-V Unprivileged 20240411, §2.4 and §4.2: "li", "mv", "zext", "sext").
import { operationOf } from '../machine/hart/decoder.generated.ts';
import { rd, rs1, rs2 } from './emit.ts';
import { emitInstruction } from './instructions.generated.ts';
import { emitMark } from './observation.ts';
import { lengthAt } from './page-code.ts';
import { copyRegister, getNarrow, getRegister, isNarrow, setNarrow, setRegister } from './registers.ts';
import { emit, emitConst32, emitConst64 } from './wasm-writer.ts';

const I32_AND: u8 = 0x71;
const I32_SHL: u8 = 0x74;
const I32_SHR_S: u8 = 0x75;
const I64_AND: u8 = 0x83;
const I64_SHL: u8 = 0x86;
const I64_EXTEND_U: u8 = 0xad;

const ADDI: u32 = 0x13;
const SLLI: u32 = 0x1013;
const SRLI: u32 = 0x5013;
const ANDI: u32 = 0x7013;
const ADD: u32 = 0x33;
const SRAI: u32 = 0x4000_5013;

/** Emits `word`, at offset `at`, and `next` if that goes with it; how many instructions that makes, 0 for one unknown. */
export function emitInstructions(word: u32, next: u32, at: u32): u32 {
  const taken = emitIdiom(word, next);
  if (taken == 2) emitMark(at + lengthAt(at));
  return taken || !emitInstruction(operationOf(word) & 0xffff, word, at) ? taken : 1;
}

/** As emitInstructions; 0 when it is no idiom. */
function emitIdiom(word: u32, next: u32): u32 {
  if (!rd(word)) return 0;
  if ((word & 0xfc00_707f) == SLLI && emitExtension(word, next)) return 2;
  return emitSingle(word) ? 1 : 0;
}

function emitSingle(word: u32): bool {
  const immediate = <i32>word >> 20;
  if ((word & 0x707f) == ADDI) {
    if (!rs1(word)) {
      emitConst32(immediate);
      setNarrow(rd(word));
      return true;
    }
    if (immediate) return false;
    copyRegister(rd(word), rs1(word));
    return true;
  }
  if ((word & 0xfe00_707f) == ADD && (!rs1(word) || !rs2(word))) {
    copyRegister(rd(word), rs1(word) | rs2(word));
    return true;
  }
  if ((word & 0x707f) == ANDI && immediate >= 0) {
    getNarrow(rs1(word));
    emitConst32(immediate);
    emit(I32_AND);
    setNarrow(rd(word));
    return true;
  }
  if ((word & 0xfc00_707f) == SRAI && isNarrow(rs1(word))) {
    getNarrow(rs1(word));
    emitConst32(<i32>min<u32>((word >>> 20) & 63, 31));
    emit(I32_SHR_S);
    setNarrow(rd(word));
    return true;
  }
  return false;
}

/** A shift to the left and one back, of the same register: keeps the low bits, extends them, perhaps scales them. */
function emitExtension(word: u32, next: u32): bool {
  if (rd(next) != rd(word) || rs1(next) != rd(word)) return false;
  const left = (word >>> 20) & 63;
  const right = (next >>> 20) & 63;
  if (left < 32) return false;
  if ((next & 0xfc00_707f) == SRLI && right == left && left > 32) {
    getNarrow(rs1(word));
    emitConst32((1 << (64 - left)) - 1);
    emit(I32_AND);
    setNarrow(rd(word));
    return true;
  }
  if ((next & 0xfc00_707f) == SRLI && right <= left) {
    emitZeroExtended(rs1(word), 64 - left);
    if (left != right) {
      emitConst64(left - right);
      emit(I64_SHL);
    }
    setRegister(rd(word));
    return true;
  }
  if ((next & 0xfc00_707f) != SRAI || right != left) return false;
  getNarrow(rs1(word));
  if (left > 32) {
    emitConst32(left - 32);
    emit(I32_SHL);
    emitConst32(left - 32);
    emit(I32_SHR_S);
  }
  setNarrow(rd(word));
  return true;
}

/** Leaves a register's low bits, 1 to 32 of them, on the stack, as an i64. */
function emitZeroExtended(register: u32, bits: u32): void {
  if (bits == 32) {
    getNarrow(register);
    emit(I64_EXTEND_U);
    return;
  }
  getRegister(register);
  emitConst64(((<i64>1) << (<i64>bits)) - 1);
  emit(I64_AND);
}
