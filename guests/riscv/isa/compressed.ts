// C with F and D loads and stores, RV64 (RISC-V Unprivileged 20240411, chapter 27): each row says which full
// instruction it expands to. A more specific row stands before a more general one.

/** How a register operand is found: a field of 5 bits, a field of 3 bits (x8 to x15), or a fixed number. */
export type RegisterSource = 'full' | 'full2' | 'short' | 'short2' | number;

/** An immediate: pieces [high, low, to] move bits high..low of the parcel to bit `to` upwards. */
export interface Immediate {
  pieces: [number, number, number][];
  signed: boolean;
  bits: number;
}

export interface CompressedRow {
  name: string;
  match: number;
  mask: number;
  /** Reserved, or another instruction, while any of these is zero. */
  nonzero: ('rd' | 'rs2' | 'imm')[];
  to: string;
  rd: RegisterSource;
  rs1: RegisterSource;
  rs2: RegisterSource;
  immediate: Immediate | null;
}

const unsigned = (bits: number, ...pieces: [number, number, number][]): Immediate => ({
  pieces,
  signed: false,
  bits,
});
const signed = (bits: number, ...pieces: [number, number, number][]): Immediate => ({
  pieces,
  signed: true,
  bits,
});

const ci = signed(6, [12, 12, 5], [6, 2, 0]);
const shamt = unsigned(6, [12, 12, 5], [6, 2, 0]);
const lui = signed(18, [12, 12, 17], [6, 2, 12]);
const addi16sp = signed(10, [12, 12, 9], [6, 6, 4], [5, 5, 6], [4, 3, 7], [2, 2, 5]);
const addi4spn = unsigned(10, [12, 11, 4], [10, 7, 6], [6, 6, 2], [5, 5, 3]);
const word = unsigned(7, [12, 10, 3], [6, 6, 2], [5, 5, 6]);
const double = unsigned(8, [12, 10, 3], [6, 5, 6]);
const wordFromSp = unsigned(8, [12, 12, 5], [6, 4, 2], [3, 2, 6]);
const doubleFromSp = unsigned(9, [12, 12, 5], [6, 5, 3], [4, 2, 6]);
const wordToSp = unsigned(8, [12, 9, 2], [8, 7, 6]);
const doubleToSp = unsigned(9, [12, 10, 3], [9, 7, 6]);
const jump = signed(
  12,
  [12, 12, 11],
  [11, 11, 4],
  [10, 9, 8],
  [8, 8, 10],
  [7, 7, 6],
  [6, 6, 7],
  [5, 3, 1],
  [2, 2, 5],
);
const branch = signed(9, [12, 12, 8], [11, 10, 3], [6, 5, 6], [4, 3, 1], [2, 2, 5]);

const FUNCT3 = 0xe003;
const ARITHMETIC = 0xfc63;
const SHIFT = 0xec03;
const REGISTERS = 0xf003;

type Operands = Partial<Pick<CompressedRow, 'rd' | 'rs1' | 'rs2' | 'immediate' | 'nonzero'>>;

const row = (name: string, match: number, mask: number, to: string, operands: Operands): CompressedRow => ({
  name,
  match,
  mask,
  nonzero: [],
  to,
  rd: 0,
  rs1: 0,
  rs2: 0,
  immediate: null,
  ...operands,
});

const shortPair: Operands = { rd: 'short', rs1: 'short', rs2: 'short2' };

export const compressedRows: CompressedRow[] = [
  row('c.addi4spn', 0x0000, FUNCT3, 'addi', { rd: 'short2', rs1: 2, immediate: addi4spn, nonzero: ['imm'] }),
  row('c.fld', 0x2000, FUNCT3, 'fld', { rd: 'short2', rs1: 'short', immediate: double }),
  row('c.lw', 0x4000, FUNCT3, 'lw', { rd: 'short2', rs1: 'short', immediate: word }),
  row('c.ld', 0x6000, FUNCT3, 'ld', { rd: 'short2', rs1: 'short', immediate: double }),
  row('c.fsd', 0xa000, FUNCT3, 'fsd', { rs2: 'short2', rs1: 'short', immediate: double }),
  row('c.sw', 0xc000, FUNCT3, 'sw', { rs2: 'short2', rs1: 'short', immediate: word }),
  row('c.sd', 0xe000, FUNCT3, 'sd', { rs2: 'short2', rs1: 'short', immediate: double }),
  row('c.addi', 0x0001, FUNCT3, 'addi', { rd: 'full', rs1: 'full', immediate: ci }),
  row('c.addiw', 0x2001, FUNCT3, 'addiw', { rd: 'full', rs1: 'full', immediate: ci, nonzero: ['rd'] }),
  row('c.li', 0x4001, FUNCT3, 'addi', { rd: 'full', immediate: ci }),
  row('c.addi16sp', 0x6101, 0xef83, 'addi', { rd: 2, rs1: 2, immediate: addi16sp, nonzero: ['imm'] }),
  row('c.lui', 0x6001, FUNCT3, 'lui', { rd: 'full', immediate: lui, nonzero: ['imm'] }),
  row('c.srli', 0x8001, SHIFT, 'srli', { rd: 'short', rs1: 'short', immediate: shamt }),
  row('c.srai', 0x8401, SHIFT, 'srai', { rd: 'short', rs1: 'short', immediate: shamt }),
  row('c.andi', 0x8801, SHIFT, 'andi', { rd: 'short', rs1: 'short', immediate: ci }),
  row('c.sub', 0x8c01, ARITHMETIC | 0x1000, 'sub', shortPair),
  row('c.xor', 0x8c21, ARITHMETIC | 0x1000, 'xor', shortPair),
  row('c.or', 0x8c41, ARITHMETIC | 0x1000, 'or', shortPair),
  row('c.and', 0x8c61, ARITHMETIC | 0x1000, 'and', shortPair),
  row('c.subw', 0x9c01, ARITHMETIC | 0x1000, 'subw', shortPair),
  row('c.addw', 0x9c21, ARITHMETIC | 0x1000, 'addw', shortPair),
  row('c.j', 0xa001, FUNCT3, 'jal', { immediate: jump }),
  row('c.beqz', 0xc001, FUNCT3, 'beq', { rs1: 'short', immediate: branch }),
  row('c.bnez', 0xe001, FUNCT3, 'bne', { rs1: 'short', immediate: branch }),
  row('c.slli', 0x0002, FUNCT3, 'slli', { rd: 'full', rs1: 'full', immediate: shamt }),
  row('c.fldsp', 0x2002, FUNCT3, 'fld', { rd: 'full', rs1: 2, immediate: doubleFromSp }),
  row('c.lwsp', 0x4002, FUNCT3, 'lw', { rd: 'full', rs1: 2, immediate: wordFromSp, nonzero: ['rd'] }),
  row('c.ldsp', 0x6002, FUNCT3, 'ld', { rd: 'full', rs1: 2, immediate: doubleFromSp, nonzero: ['rd'] }),
  row('c.ebreak', 0x9002, 0xffff, 'ebreak', {}),
  row('c.jr', 0x8002, 0xf07f, 'jalr', { rs1: 'full', nonzero: ['rd'] }),
  row('c.jalr', 0x9002, 0xf07f, 'jalr', { rd: 1, rs1: 'full', nonzero: ['rd'] }),
  row('c.mv', 0x8002, REGISTERS, 'add', { rd: 'full', rs2: 'full2', nonzero: ['rs2'] }),
  row('c.add', 0x9002, REGISTERS, 'add', { rd: 'full', rs1: 'full', rs2: 'full2', nonzero: ['rs2'] }),
  row('c.fsdsp', 0xa002, FUNCT3, 'fsd', { rs2: 'full2', rs1: 2, immediate: doubleToSp }),
  row('c.swsp', 0xc002, FUNCT3, 'sw', { rs2: 'full2', rs1: 2, immediate: wordToSp }),
  row('c.sdsp', 0xe002, FUNCT3, 'sd', { rs2: 'full2', rs1: 2, immediate: doubleToSp }),
];
