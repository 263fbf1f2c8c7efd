// RV64I and M: RISC-V Unprivileged 20240411, chapters 2, 4 and 12, and FENCE.I (chapter 6).
import { type Expression, encode, FUNCT3, FUNCT7, majorMask, type Row } from './row.ts';

const OP_IMM = 0x13;
const OP_IMM_32 = 0x1b;
const OP = 0x33;
const OP_32 = 0x3b;

const immediateRow = (name: string, major: number, funct3: number, value: Expression): Row => ({
  name,
  format: 'I',
  match: encode(major, funct3),
  mask: FUNCT3,
  extension: 'I',
  effect: 'none',
  semantics: { kind: 'value', value },
});

/** Shifts by a constant: 6 bits of count for 64-bit ones, 5 for those on words. */
const shiftRow = (name: string, major: number, match: number, value: Expression): Row => ({
  name,
  format: 'shift',
  match: (match | major) >>> 0,
  mask: major === OP_IMM ? 0xfc00707f >>> 0 : FUNCT7,
  extension: 'I',
  effect: 'none',
  semantics: { kind: 'value', value },
});

const registerRow = (name: string, match: number, extension: 'I' | 'M', value: Expression): Row => ({
  name,
  format: 'R',
  match,
  mask: FUNCT7,
  extension,
  effect: 'none',
  semantics: { kind: 'value', value },
});

const loadRow = (name: string, funct3: number, bytes: 1 | 2 | 4 | 8, signed: boolean): Row => ({
  name,
  format: 'I',
  match: encode(0x03, funct3),
  mask: FUNCT3,
  extension: 'I',
  effect: 'memory',
  semantics: { kind: 'load', bytes, signed },
});

const storeRow = (name: string, funct3: number, bytes: 1 | 2 | 4 | 8): Row => ({
  name,
  format: 'S',
  match: encode(0x23, funct3),
  mask: FUNCT3,
  extension: 'I',
  effect: 'memory',
  semantics: { kind: 'store', bytes },
});

const branchRow = (name: string, funct3: number, condition: Expression): Row => ({
  name,
  format: 'B',
  match: encode(0x63, funct3),
  mask: FUNCT3,
  extension: 'I',
  effect: 'branch',
  semantics: { kind: 'branch', condition },
});

const upperRow = (name: string, major: number, relative: boolean): Row => ({
  name,
  format: 'U',
  match: major,
  mask: majorMask,
  extension: 'I',
  effect: 'none',
  semantics: { kind: 'upper', relative },
});

export const integerRows: Row[] = [
  upperRow('lui', 0x37, false),
  upperRow('auipc', 0x17, true),
  {
    name: 'jal',
    format: 'J',
    match: 0x6f,
    mask: majorMask,
    extension: 'I',
    effect: 'jump',
    semantics: { kind: 'jump' },
  },
  {
    name: 'jalr',
    format: 'I',
    match: 0x67,
    mask: FUNCT3,
    extension: 'I',
    effect: 'jump',
    semantics: { kind: 'jumpRegister' },
  },
  branchRow('beq', 0, (o) => o.equal(o.rs1, o.rs2)),
  branchRow('bne', 1, (o) => o.notEqual(o.rs1, o.rs2)),
  branchRow('blt', 4, (o) => o.less(o.rs1, o.rs2)),
  branchRow('bge', 5, (o) => o.atLeast(o.rs1, o.rs2)),
  branchRow('bltu', 6, (o) => o.lessUnsigned(o.rs1, o.rs2)),
  branchRow('bgeu', 7, (o) => o.atLeastUnsigned(o.rs1, o.rs2)),
  loadRow('lb', 0, 1, true),
  loadRow('lh', 1, 2, true),
  loadRow('lw', 2, 4, true),
  loadRow('ld', 3, 8, true),
  loadRow('lbu', 4, 1, false),
  loadRow('lhu', 5, 2, false),
  loadRow('lwu', 6, 4, false),
  storeRow('sb', 0, 1),
  storeRow('sh', 1, 2),
  storeRow('sw', 2, 4),
  storeRow('sd', 3, 8),
  immediateRow('addi', OP_IMM, 0, (o) => o.add(o.rs1, o.immediate)),
  immediateRow('slti', OP_IMM, 2, (o) => o.less(o.rs1, o.immediate)),
  immediateRow('sltiu', OP_IMM, 3, (o) => o.lessUnsigned(o.rs1, o.immediate)),
  immediateRow('xori', OP_IMM, 4, (o) => o.xor(o.rs1, o.immediate)),
  immediateRow('ori', OP_IMM, 6, (o) => o.or(o.rs1, o.immediate)),
  immediateRow('andi', OP_IMM, 7, (o) => o.and(o.rs1, o.immediate)),
  shiftRow('slli', OP_IMM, 0x00001000, (o) => o.shiftLeft(o.rs1, o.immediate)),
  shiftRow('srli', OP_IMM, 0x00005000, (o) => o.shiftRight(o.rs1, o.immediate)),
  shiftRow('srai', OP_IMM, 0x40005000, (o) => o.shiftRightSigned(o.rs1, o.immediate)),
  immediateRow('addiw', OP_IMM_32, 0, (o) => o.addWord(o.rs1, o.immediate)),
  shiftRow('slliw', OP_IMM_32, 0x00001000, (o) => o.shiftLeftWord(o.rs1, o.immediate)),
  shiftRow('srliw', OP_IMM_32, 0x00005000, (o) => o.shiftRightWord(o.rs1, o.immediate)),
  shiftRow('sraiw', OP_IMM_32, 0x40005000, (o) => o.shiftRightSignedWord(o.rs1, o.immediate)),
  registerRow('add', encode(OP, 0), 'I', (o) => o.add(o.rs1, o.rs2)),
  registerRow('sub', encode(OP, 0, 32), 'I', (o) => o.sub(o.rs1, o.rs2)),
  registerRow('sll', encode(OP, 1), 'I', (o) => o.shiftLeft(o.rs1, o.rs2)),
  registerRow('slt', encode(OP, 2), 'I', (o) => o.less(o.rs1, o.rs2)),
  registerRow('sltu', encode(OP, 3), 'I', (o) => o.lessUnsigned(o.rs1, o.rs2)),
  registerRow('xor', encode(OP, 4), 'I', (o) => o.xor(o.rs1, o.rs2)),
  registerRow('srl', encode(OP, 5), 'I', (o) => o.shiftRight(o.rs1, o.rs2)),
  registerRow('sra', encode(OP, 5, 32), 'I', (o) => o.shiftRightSigned(o.rs1, o.rs2)),
  registerRow('or', encode(OP, 6), 'I', (o) => o.or(o.rs1, o.rs2)),
  registerRow('and', encode(OP, 7), 'I', (o) => o.and(o.rs1, o.rs2)),
  registerRow('addw', encode(OP_32, 0), 'I', (o) => o.addWord(o.rs1, o.rs2)),
  registerRow('subw', encode(OP_32, 0, 32), 'I', (o) => o.subWord(o.rs1, o.rs2)),
  registerRow('sllw', encode(OP_32, 1), 'I', (o) => o.shiftLeftWord(o.rs1, o.rs2)),
  registerRow('srlw', encode(OP_32, 5), 'I', (o) => o.shiftRightWord(o.rs1, o.rs2)),
  registerRow('sraw', encode(OP_32, 5, 32), 'I', (o) => o.shiftRightSignedWord(o.rs1, o.rs2)),
  registerRow('mul', encode(OP, 0, 1), 'M', (o) => o.mul(o.rs1, o.rs2)),
  registerRow('mulh', encode(OP, 1, 1), 'M', (o) => o.call('multiplyHighSigned', o.rs1, o.rs2)),
  registerRow('mulhsu', encode(OP, 2, 1), 'M', (o) => o.call('multiplyHighMixed', o.rs1, o.rs2)),
  registerRow('mulhu', encode(OP, 3, 1), 'M', (o) => o.call('multiplyHighUnsigned', o.rs1, o.rs2)),
  registerRow('div', encode(OP, 4, 1), 'M', (o) => o.call('divide', o.rs1, o.rs2)),
  registerRow('divu', encode(OP, 5, 1), 'M', (o) => o.call('divideUnsigned', o.rs1, o.rs2)),
  registerRow('rem', encode(OP, 6, 1), 'M', (o) => o.call('remainder', o.rs1, o.rs2)),
  registerRow('remu', encode(OP, 7, 1), 'M', (o) => o.call('remainderUnsigned', o.rs1, o.rs2)),
  registerRow('mulw', encode(OP_32, 0, 1), 'M', (o) => o.mulWord(o.rs1, o.rs2)),
  registerRow('divw', encode(OP_32, 4, 1), 'M', (o) => o.call('divideWord', o.rs1, o.rs2)),
  registerRow('divuw', encode(OP_32, 5, 1), 'M', (o) => o.call('divideUnsignedWord', o.rs1, o.rs2)),
  registerRow('remw', encode(OP_32, 6, 1), 'M', (o) => o.call('remainderWord', o.rs1, o.rs2)),
  registerRow('remuw', encode(OP_32, 7, 1), 'M', (o) => o.call('remainderUnsignedWord', o.rs1, o.rs2)),
  {
    name: 'fence',
    format: 'raw',
    match: encode(0x0f, 0),
    mask: FUNCT3,
    extension: 'I',
    effect: 'none',
    semantics: { kind: 'nothing' },
  },
  {
    name: 'fence.i',
    format: 'raw',
    match: encode(0x0f, 1),
    mask: FUNCT3,
    extension: 'Zifencei',
    effect: 'none',
    semantics: { kind: 'nothing' },
  },
];
