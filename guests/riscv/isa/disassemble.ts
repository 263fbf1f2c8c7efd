// Disassembly from the tables, in the notation of RISC-V's assembly manual without aliases.
import { type CompressedRow, compressedRows, type Immediate, type RegisterSource } from './compressed.ts';
import type { Row } from './row.ts';
import { rows } from './tables.ts';

export const integerNames = [
  ...['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1'],
  ...['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'],
  ...['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6'],
];
const floatNames = [
  ...['ft0', 'ft1', 'ft2', 'ft3', 'ft4', 'ft5', 'ft6', 'ft7', 'fs0', 'fs1'],
  ...['fa0', 'fa1', 'fa2', 'fa3', 'fa4', 'fa5', 'fa6', 'fa7'],
  ...['fs2', 'fs3', 'fs4', 'fs5', 'fs6', 'fs7', 'fs8', 'fs9', 'fs10', 'fs11', 'ft8', 'ft9', 'ft10', 'ft11'],
];
const roundingNames = ['rne', 'rtz', 'rdn', 'rup', 'rmm', '', '', ''];

const bits = (word: number, high: number, low: number): number =>
  (word >>> low) & (2 ** (high - low + 1) - 1);
const x = (i: number): string => integerNames[i]!;
const f = (i: number): string => floatNames[i]!;

/** The row that a full instruction matches. */
export const rowOf = (word: number): Row | undefined =>
  rows.find((row) => (word & row.mask) >>> 0 === row.match);

const branchOffset = (word: number): number =>
  ((word >> 31) << 12) | (bits(word, 7, 7) << 11) | (bits(word, 30, 25) << 5) | (bits(word, 11, 8) << 1);

const jumpOffset = (word: number): number =>
  ((word >> 31) << 20) | (word & 0xff000) | (bits(word, 20, 20) << 11) | (bits(word, 30, 21) << 1);

const hex = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}`;

function floatOperands(row: Row, word: number): string[] {
  if (row.semantics.kind !== 'float') return [];
  const { operands, result, rounds } = row.semantics;
  const fields = [bits(word, 19, 15), bits(word, 24, 20), bits(word, 31, 27)];
  const sources = operands.map((type, i) => (type === 'x' ? x(fields[i]!) : f(fields[i]!)));
  const destination = result === 'x' ? x(bits(word, 11, 7)) : f(bits(word, 11, 7));
  const mode = roundingNames[bits(word, 14, 12)]!;
  return [destination, ...sources, ...(rounds && mode ? [mode] : [])];
}

function operandsOf(row: Row, word: number, pc: bigint): string[] {
  const rd = bits(word, 11, 7);
  const rs1 = bits(word, 19, 15);
  const rs2 = bits(word, 24, 20);
  const storeOffset = ((word >> 25) << 5) | rd;
  switch (row.format) {
    case 'R':
      if (row.extension !== 'A') return [x(rd), x(rs1), x(rs2)];
      return row.name.startsWith('lr') ? [x(rd), `(${x(rs1)})`] : [x(rd), x(rs2), `(${x(rs1)})`];
    case 'I':
      return row.semantics.kind === 'value'
        ? [x(rd), x(rs1), `${word >> 20}`]
        : [x(rd), `${word >> 20}(${x(rs1)})`];
    case 'shift':
      return [x(rd), x(rs1), `0x${bits(word, 25, 20).toString(16)}`];
    case 'S':
      return [x(rs2), `${storeOffset}(${x(rs1)})`];
    case 'B':
      return [x(rs1), x(rs2), hex(pc + BigInt(branchOffset(word)))];
    case 'U':
      return [x(rd), `0x${(word >>> 12).toString(16)}`];
    case 'J':
      return [x(rd), hex(pc + BigInt(jumpOffset(word)))];
    case 'floatLoad':
      return [f(rd), `${word >> 20}(${x(rs1)})`];
    case 'floatStore':
      return [f(rs2), `${storeOffset}(${x(rs1)})`];
    case 'raw':
      return rawOperands(row, word);
    default:
      return floatOperands(row, word);
  }
}

function rawOperands(row: Row, word: number): string[] {
  const source = bits(word, 19, 15);
  if (row.extension === 'Zicsr') {
    const operand = row.name.endsWith('i') ? `${source}` : x(source);
    return [x(bits(word, 11, 7)), `0x${bits(word, 31, 20).toString(16)}`, operand];
  }
  return row.name === 'sfence.vma' ? [x(source), x(bits(word, 24, 20))] : [];
}

const register = (source: RegisterSource, parcel: number): number => {
  if (source === 'full') return bits(parcel, 11, 7);
  if (source === 'full2') return bits(parcel, 6, 2);
  if (source === 'short') return 8 + bits(parcel, 9, 7);
  if (source === 'short2') return 8 + bits(parcel, 4, 2);
  return source;
};

const immediateOf = (immediate: Immediate, parcel: number): number => {
  const value = immediate.pieces.reduce((sum, [high, low, to]) => sum | (bits(parcel, high, low) << to), 0);
  return immediate.signed ? (value << (32 - immediate.bits)) >> (32 - immediate.bits) : value;
};

/** The row that a parcel matches, reserved encodings excluded. */
export const compressedRowOf = (parcel: number): CompressedRow | undefined =>
  compressedRows.find((row) => {
    if ((parcel & row.mask) !== row.match) return false;
    if (row.nonzero.includes('rd') && bits(parcel, 11, 7) === 0) return false;
    if (row.nonzero.includes('rs2') && register(row.rs2, parcel) === 0) return false;
    return !(row.nonzero.includes('imm') && immediateOf(row.immediate!, parcel) === 0);
  });

function compressedText(row: CompressedRow, parcel: number, pc: bigint): string {
  const full = rows.find((candidate) => candidate.name === row.to)!;
  const named = full.format.startsWith('float') ? f : x;
  const rd = named(register(row.rd, parcel));
  const rs1 = x(register(row.rs1, parcel));
  const rs2 = named(register(row.rs2, parcel));
  const immediate = row.immediate ? immediateOf(row.immediate, parcel) : 0;
  switch (full.semantics.kind) {
    case 'load':
    case 'floatLoad':
      return `${row.name} ${rd},${immediate}(${rs1})`;
    case 'store':
    case 'floatStore':
      return `${row.name} ${rs2},${immediate}(${rs1})`;
    case 'branch':
      return `${row.name} ${rs1},${hex(pc + BigInt(immediate))}`;
    case 'jump':
      return `${row.name} ${hex(pc + BigInt(immediate))}`;
    case 'jumpRegister':
      return `${row.name} ${rs1}`;
    case 'call':
      return row.name;
    case 'upper':
      return `${row.name} ${rd},0x${((immediate >>> 12) & 0xfffff).toString(16)}`;
    default:
      return row.immediate
        ? `${row.name} ${rd},${row.name === 'c.addi4spn' ? `${rs1},` : ''}${row.name === 'c.srli' || row.name === 'c.srai' || row.name === 'c.slli' ? `0x${immediate.toString(16)}` : immediate}`
        : `${row.name} ${rd},${rs2}`;
  }
}

/** One instruction as text; it holds a parcel in its low half when it is compressed. */
export function disassemble(instruction: number, pc: bigint): string {
  if ((instruction & 3) !== 3) {
    const parcel = instruction & 0xffff;
    const row = compressedRowOf(parcel);
    return row ? compressedText(row, parcel, pc) : `.2byte 0x${parcel.toString(16)}`;
  }
  const row = rowOf(instruction);
  if (!row) return `.4byte 0x${(instruction >>> 0).toString(16)}`;
  const ordering = row.extension === 'A' ? ['', '.rl', '.aq', '.aqrl'][bits(instruction, 26, 25)]! : '';
  return [row.name + ordering, operandsOf(row, instruction, pc).join(',')].filter(Boolean).join(' ');
}
