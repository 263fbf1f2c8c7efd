// F and D: RISC-V Unprivileged 20240411, chapters 20 and 21.
import { encode, type FloatType, FUNCT3, FUNCT7, type Row } from './row.ts';

const OP_FP = 0x53;
/** funct7 and rs2 fixed, rounding mode free. */
const UNARY = 0xfff0007f >>> 0;
/** funct7, rs2 and funct3 fixed. */
const UNARY_FIXED = 0xfff0707f >>> 0;
/** funct7 fixed, rounding mode free. */
const BINARY = 0xfe00007f >>> 0;

interface Shape {
  operands: FloatType[];
  result: FloatType;
  rounds?: boolean;
}

const operation = (name: string, match: number, mask: number, call: string, shape: Shape): Row => ({
  name,
  format: 'float',
  match,
  mask,
  extension: name.includes('.d') ? 'D' : 'F',
  effect: 'none',
  semantics: {
    kind: 'float',
    name: call,
    operands: shape.operands,
    result: shape.result,
    rounds: shape.rounds ?? false,
  },
});

const unary = (name: string, funct7: number, rs2: number, call: string, shape: Shape): Row =>
  operation(name, (encode(OP_FP, 0, funct7) | (rs2 << 20)) >>> 0, UNARY, call, { ...shape, rounds: true });

const fixed = (name: string, funct7: number, selectors: [number, number], call: string, shape: Shape): Row =>
  operation(
    name,
    (encode(OP_FP, selectors[1], funct7) | (selectors[0] << 20)) >>> 0,
    UNARY_FIXED,
    call,
    shape,
  );

/** The instructions that come once for each width: `w` is 0 for single and 1 for double precision. */
function rowsOfWidth(w: 0 | 1): Row[] {
  const s = w ? 'd' : 's';
  const f: FloatType = w ? 'f64' : 'f32';
  const both: FloatType[] = [f, f];
  const arithmetic = (name: string, funct7: number, call: string): Row =>
    operation(`${name}.${s}`, encode(OP_FP, 0, funct7 + w), BINARY, `${f}${call}`, {
      operands: both,
      result: f,
      rounds: true,
    });
  const selected = (name: string, funct7: number, funct3: number, call: string, result: FloatType): Row =>
    operation(`${name}.${s}`, encode(OP_FP, funct3, funct7 + w), FUNCT7, `${f}${call}`, {
      operands: both,
      result,
    });
  const fused = (name: string, major: number, call: string): Row => ({
    name: `${name}.${s}`,
    format: 'float4',
    match: encode(major, 0, w),
    mask: 0x0600007f,
    extension: w ? 'D' : 'F',
    effect: 'none',
    semantics: { kind: 'float', name: `${f}${call}`, operands: [f, f, f], result: f, rounds: true },
  });
  const toInteger = (name: string, rs2: number, call: string): Row =>
    unary(`fcvt.${name}.${s}`, 0x60 + w, rs2, `${f}${call}`, { operands: [f], result: 'x' });
  const fromInteger = (name: string, rs2: number, call: string): Row =>
    unary(`fcvt.${s}.${name}`, 0x68 + w, rs2, `${call}To${w ? 'F64' : 'F32'}`, {
      operands: ['x'],
      result: f,
    });
  return [
    {
      name: w ? 'fld' : 'flw',
      format: 'floatLoad',
      match: encode(0x07, 2 + w),
      mask: FUNCT3,
      extension: w ? 'D' : 'F',
      effect: 'memory',
      semantics: { kind: 'floatLoad', bytes: w ? 8 : 4 },
    },
    {
      name: w ? 'fsd' : 'fsw',
      format: 'floatStore',
      match: encode(0x27, 2 + w),
      mask: FUNCT3,
      extension: w ? 'D' : 'F',
      effect: 'memory',
      semantics: { kind: 'floatStore', bytes: w ? 8 : 4 },
    },
    fused('fmadd', 0x43, 'FusedAdd'),
    fused('fmsub', 0x47, 'FusedSubtract'),
    fused('fnmsub', 0x4b, 'NegatedFusedSubtract'),
    fused('fnmadd', 0x4f, 'NegatedFusedAdd'),
    arithmetic('fadd', 0x00, 'Add'),
    arithmetic('fsub', 0x04, 'Sub'),
    arithmetic('fmul', 0x08, 'Mul'),
    arithmetic('fdiv', 0x0c, 'Div'),
    unary(`fsqrt.${s}`, 0x2c + w, 0, `${f}Sqrt`, { operands: [f], result: f }),
    selected('fsgnj', 0x10, 0, 'CopySign', f),
    selected('fsgnjn', 0x10, 1, 'CopySignNegated', f),
    selected('fsgnjx', 0x10, 2, 'XorSign', f),
    selected('fmin', 0x14, 0, 'Min', f),
    selected('fmax', 0x14, 1, 'Max', f),
    selected('fle', 0x50, 0, 'Le', 'x'),
    selected('flt', 0x50, 1, 'Lt', 'x'),
    selected('feq', 0x50, 2, 'Eq', 'x'),
    fixed(`fclass.${s}`, 0x70 + w, [0, 1], `${f}Classify`, { operands: [f], result: 'x' }),
    fixed(`fmv.x.${w ? 'd' : 'w'}`, 0x70 + w, [0, 0], w ? 'f64Bits' : 'f32Bits', {
      operands: ['bits'],
      result: 'x',
    }),
    fixed(`fmv.${w ? 'd' : 'w'}.x`, 0x78 + w, [0, 0], w ? 'f64FromBits' : 'f32FromBits', {
      operands: ['x'],
      result: f,
    }),
    toInteger('w', 0, 'ToI32'),
    toInteger('wu', 1, 'ToU32'),
    toInteger('l', 2, 'ToI64'),
    toInteger('lu', 3, 'ToU64'),
    fromInteger('w', 0, 'i32'),
    fromInteger('wu', 1, 'u32'),
    fromInteger('l', 2, 'i64'),
    fromInteger('lu', 3, 'u64'),
  ];
}

export const floatRows: Row[] = [
  ...rowsOfWidth(0),
  ...rowsOfWidth(1),
  unary('fcvt.s.d', 0x20, 1, 'f64ToF32', { operands: ['f64'], result: 'f32' }),
  unary('fcvt.d.s', 0x21, 0, 'f32Widen', { operands: ['f32'], result: 'f64' }),
];
