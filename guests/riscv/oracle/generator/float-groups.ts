// Random single and double precision instructions with operands at the edges (RISC-V Unprivileged 20240411 §20–21).
import type { Context } from './context.ts';
import { CSR } from './csr-names.ts';
import * as e from './encoding.ts';

type Operand = 'x' | 'f';
type Row = readonly [
  name: string,
  funct7: number,
  rd: Operand,
  rs1: Operand,
  rest: number | 'rs2',
  funct3: number | 'rm',
];

const bothPrecisions: readonly Row[] = [
  ['fadd', 0x00, 'f', 'f', 'rs2', 'rm'],
  ['fsub', 0x04, 'f', 'f', 'rs2', 'rm'],
  ['fmul', 0x08, 'f', 'f', 'rs2', 'rm'],
  ['fdiv', 0x0c, 'f', 'f', 'rs2', 'rm'],
  ['fsqrt', 0x2c, 'f', 'f', 0, 'rm'],
  ['fsgnj', 0x10, 'f', 'f', 'rs2', 0],
  ['fsgnjn', 0x10, 'f', 'f', 'rs2', 1],
  ['fsgnjx', 0x10, 'f', 'f', 'rs2', 2],
  ['fmin', 0x14, 'f', 'f', 'rs2', 0],
  ['fmax', 0x14, 'f', 'f', 'rs2', 1],
  ['fcvt.w', 0x60, 'x', 'f', 0, 'rm'],
  ['fcvt.wu', 0x60, 'x', 'f', 1, 'rm'],
  ['fcvt.l', 0x60, 'x', 'f', 2, 'rm'],
  ['fcvt.lu', 0x60, 'x', 'f', 3, 'rm'],
  ['fmv.x', 0x70, 'x', 'f', 0, 0],
  ['fclass', 0x70, 'x', 'f', 0, 1],
  ['fle', 0x50, 'x', 'f', 'rs2', 0],
  ['flt', 0x50, 'x', 'f', 'rs2', 1],
  ['feq', 0x50, 'x', 'f', 'rs2', 2],
  ['fcvt.from.w', 0x68, 'f', 'x', 0, 'rm'],
  ['fcvt.from.wu', 0x68, 'f', 'x', 1, 'rm'],
  ['fcvt.from.l', 0x68, 'f', 'x', 2, 'rm'],
  ['fcvt.from.lu', 0x68, 'f', 'x', 3, 'rm'],
  ['fmv.to.f', 0x78, 'f', 'x', 0, 0],
];

const fusedRows: readonly (readonly [name: string, opcode: number])[] = [
  ['fmadd', 0x43],
  ['fmsub', 0x47],
  ['fnmsub', 0x4b],
  ['fnmadd', 0x4f],
];

/** Static modes in proportion: mostly legal or dynamic, a few reserved. */
function roundingMode(context: Context): number {
  return context.random.weighted([
    [3, 0],
    [3, 1],
    [3, 2],
    [3, 3],
    [3, 4],
    [6, 7],
    [context.random.chance(0.1) ? 1 : 0, 5],
  ]);
}

/** Conversions that are always exact name a rounding mode, too: reserved ones are legal or not, so they stay valid. */
function conversionMode(context: Context): number {
  return context.random.pick([0, 1, 2, 3, 4]);
}

function reload(context: Context, register: number, probability: number): void {
  const { random, asm } = context;
  if (!random.chance(probability)) return;
  const base = context.pointer();
  const slot = context.floatSlot();
  const target = 0x8001_0000 + slot * 8;
  const offset = target - asm.here;
  const low = e.signed(offset, 12);
  asm.word(e.auipc(base, (offset - low) >> 12), 'auipc');
  if (random.chance(0.12)) asm.word(e.flw(register, base, low), 'flw');
  else asm.word(e.fld(register, base, low), 'fld');
}

/** Reads the flags, mostly clearing them, so that each operation's own flags show in a register. */
function emitFlagsReading(context: Context): void {
  const { random, asm } = context;
  const rd = context.pointer();
  random.weighted<() => void>([
    [6, () => asm.word(e.csrrw(rd, 0, CSR.fflags), 'csrrw fflags')],
    [2, () => asm.word(e.csrrs(rd, 0, CSR.fcsr), 'csrrs fcsr')],
    [1, () => asm.word(e.csrrwi(rd, random.below(32), CSR.fflags), 'csrrwi fflags')],
  ])();
}

function emitModeChange(context: Context): void {
  const { random, asm } = context;
  const mode = random.chance(0.93) ? random.below(5) : 5 + random.below(3);
  if (random.chance(0.5)) asm.word(e.csrrwi(context.pointer(), mode, CSR.frm), 'csrrwi frm');
  else {
    const register = context.pointer();
    asm.word(e.addi(register, 0, (mode << 5) | random.below(32)), 'addi');
    asm.word(e.csrrw(context.pointer(), register, CSR.fcsr), 'csrrw fcsr');
  }
}

function emitOperation(context: Context): void {
  const { random, asm } = context;
  const precision = random.below(2);
  const suffix = precision === 0 ? '.s' : '.d';
  const rs1 = context.floatRegister();
  const rs2 = context.floatRegister();
  const rd = random.chance(0.15) ? rs1 : context.floatRegister();
  if (random.chance(0.25)) {
    const rs3 = random.chance(0.1) ? rs1 : context.floatRegister();
    for (const register of [rs1, rs2, rs3]) reload(context, register, 0.6);
    const [name, opcode] = random.pick(fusedRows);
    const word = e.typeR(opcode, roundingMode(context), (rs3 << 2) | precision)(rd, rs1, rs2);
    asm.word(word, name + suffix);
  } else if (random.chance(0.08)) {
    reload(context, rs1, 0.7);
    const word = e.typeR(0x53, conversionMode(context), 0x20 | precision)(rd, rs1, precision ^ 1);
    asm.word(word, precision === 0 ? 'fcvt.s.d' : 'fcvt.d.s');
  } else {
    emitRow(context, random.pick(bothPrecisions), { precision, suffix, rd, rs1, rs2 });
  }
}

interface Operands {
  precision: number;
  suffix: string;
  rd: number;
  rs1: number;
  rs2: number;
}

function emitRow(context: Context, row: Row, operands: Operands): void {
  const { random, asm } = context;
  const [name, funct7, rdKind, rs1Kind, rest, funct3] = row;
  if (rs1Kind === 'f') reload(context, operands.rs1, 0.6);
  if (rest === 'rs2') reload(context, operands.rs2, 0.5);
  const rd = rdKind === 'f' ? operands.rd : context.destination();
  const rs1 = rs1Kind === 'f' ? operands.rs1 : context.pointer();
  if (rs1Kind === 'x' && random.chance(0.6)) context.loadInteger(rs1);
  const mode = rs1Kind === 'x' ? conversionMode(context) : roundingMode(context);
  const word = e.typeR(0x53, funct3 === 'rm' ? mode : funct3, funct7 | operands.precision);
  asm.word(word(rd, rs1, rest === 'rs2' ? operands.rs2 : rest), name + operands.suffix);
}

/** One floating-point operation with its operands, often followed by a look at the flags. */
export function emitFloat(context: Context): void {
  const { random } = context;
  if (random.chance(0.1)) emitModeChange(context);
  emitOperation(context);
  if (random.chance(0.6)) emitFlagsReading(context);
}
