// Random integer and multiply instructions (RISC-V Unprivileged 20240411 §2.4, §4.2, §12) and whole opcodes with
// random fields, where the oracle decides what is legal.
import type { Context } from './context.ts';
import * as e from './encoding.ts';

type Row = readonly [name: string, opcode: number, funct3: number, funct7: number];

const registerRows: readonly Row[] = [
  ['add', 0x33, 0, 0x00],
  ['sub', 0x33, 0, 0x20],
  ['sll', 0x33, 1, 0x00],
  ['slt', 0x33, 2, 0x00],
  ['sltu', 0x33, 3, 0x00],
  ['xor', 0x33, 4, 0x00],
  ['srl', 0x33, 5, 0x00],
  ['sra', 0x33, 5, 0x20],
  ['or', 0x33, 6, 0x00],
  ['and', 0x33, 7, 0x00],
  ['addw', 0x3b, 0, 0x00],
  ['subw', 0x3b, 0, 0x20],
  ['sllw', 0x3b, 1, 0x00],
  ['srlw', 0x3b, 5, 0x00],
  ['sraw', 0x3b, 5, 0x20],
];

const multiplyRows: readonly Row[] = [
  ['mul', 0x33, 0, 1],
  ['mulh', 0x33, 1, 1],
  ['mulhsu', 0x33, 2, 1],
  ['mulhu', 0x33, 3, 1],
  ['div', 0x33, 4, 1],
  ['divu', 0x33, 5, 1],
  ['rem', 0x33, 6, 1],
  ['remu', 0x33, 7, 1],
  ['mulw', 0x3b, 0, 1],
  ['divw', 0x3b, 4, 1],
  ['divuw', 0x3b, 5, 1],
  ['remw', 0x3b, 6, 1],
  ['remuw', 0x3b, 7, 1],
];

const immediateRows: readonly (readonly [name: string, opcode: number, funct3: number])[] = [
  ['addi', 0x13, 0],
  ['slti', 0x13, 2],
  ['sltiu', 0x13, 3],
  ['xori', 0x13, 4],
  ['ori', 0x13, 6],
  ['andi', 0x13, 7],
  ['addiw', 0x1b, 0],
];

/** Shifts by immediate: funct7's low bit belongs to the amount on 64-bit operands. */
const shiftRows: readonly (readonly [...Row, amounts: number])[] = [
  ['slli', 0x13, 1, 0x00, 64],
  ['srli', 0x13, 5, 0x00, 64],
  ['srai', 0x13, 5, 0x20, 64],
  ['slliw', 0x1b, 1, 0x00, 32],
  ['srliw', 0x1b, 5, 0x00, 32],
  ['sraiw', 0x1b, 5, 0x20, 32],
];

function emitRegisterRow(context: Context, rows: readonly Row[], reload: number): void {
  const { random, asm } = context;
  const [name, opcode, funct3, funct7] = random.pick(rows);
  const isLoaded = random.chance(reload);
  const rs1 = isLoaded ? context.nonzeroDestination() : context.source();
  if (isLoaded) context.loadInteger(rs1);
  asm.word(e.typeR(opcode, funct3, funct7)(context.destination(), rs1, context.source()), name);
}

/** One integer computation. */
export function emitInteger(context: Context): void {
  const { random, asm } = context;
  random.weighted<() => void>([
    [8, () => emitRegisterRow(context, registerRows, 0.25)],
    [
      5,
      () => {
        const [name, opcode, funct3] = random.pick(immediateRows);
        asm.word(
          e.typeI(opcode, funct3)(context.destination(), context.source(), random.next32() & 0xfff),
          name,
        );
      },
    ],
    [
      4,
      () => {
        const [name, opcode, funct3, funct7, amounts] = random.pick(shiftRows);
        const immediate = (funct7 << 5) | random.below(amounts);
        asm.word(e.typeI(opcode, funct3)(context.destination(), context.source(), immediate), name);
      },
    ],
    [1, () => asm.word(e.lui(context.destination(), random.next32()), 'lui')],
    [1, () => asm.word(e.auipc(context.destination(), random.next32()), 'auipc')],
    [2, () => context.loadInteger(context.nonzeroDestination())],
    [
      1,
      () =>
        asm.word(e.typeI(0x0f, 0)(context.destination(), context.source(), random.next32() & 0xfff), 'fence'),
    ],
  ])();
}

/** One multiplication or division, its operands near the edges. */
export function emitMultiply(context: Context): void {
  emitRegisterRow(context, multiplyRows, 0.5);
}

/** Opcodes in which no legal instruction can do harm, so that all other bits may be random. */
const fuzzedOpcodes: readonly (readonly [name: string, opcode: number])[] = [
  ['OP', 0x33],
  ['OP-32', 0x3b],
  ['OP-IMM', 0x13],
  ['OP-IMM-32', 0x1b],
  ['OP-FP', 0x53],
  ['MADD', 0x43],
  ['NMSUB', 0x4b],
  ['custom-0', 0x0b],
  ['custom-1', 0x2b],
  ['custom-2', 0x5b],
  ['custom-3', 0x7b],
  ['OP-V', 0x57],
  ['reserved-6b', 0x6b],
  ['OP-VE', 0x77],
  ['48-bit', 0x1f],
  ['64-bit', 0x3f],
  ['80-bit', 0x7f],
];

/** A word with random bits around a harmless opcode. */
export function emitDecodeFuzz(context: Context): void {
  const { random, asm } = context;
  if (random.chance(0.3)) {
    emitCompressedFuzz(context);
    return;
  }
  const [name, opcode] = random.pick(fuzzedOpcodes);
  const rd = context.destination();
  const fields = random.chance(0.5) ? random.next32() : random.next32() & random.next32() & random.next32();
  asm.word(((fields & ~0xfff) | (rd << 7) | opcode) >>> 0, `fuzz ${name}`);
}

/** Halfwords of compressed forms without memory accesses and jumps, all other bits random. */
function emitCompressedFuzz(context: Context): void {
  const { random, asm } = context;
  const rd = context.destination();
  const near = context.compressedPointer() - 8;
  const bits = random.next32() & 0x1fff;
  random.weighted<() => void>([
    [2, () => asm.half((bits & ~0x1f) | ((near << 2) & 0x1c), 'fuzz C0.0')],
    [1, () => asm.half(0x8000 | (bits & ~3), 'fuzz C0.4')],
    [1, () => asm.half(0, 'c.unimp')],
    [3, () => asm.half((random.below(4) << 13) | (bits & 0x107c) | (rd << 7) | 1, 'fuzz C1.0-3')],
    [3, () => asm.half(0x8001 | (bits & 0x1c7c) | (near << 7), 'fuzz C1.4')],
    [1, () => asm.half((bits & 0x107c) | (rd << 7) | 2, 'fuzz C2.0')],
    [1, () => asm.half(0x8002 | (bits & 0x1000) | (rd << 7) | ((1 + random.below(31)) << 2), 'fuzz C2.4')],
  ])();
}
