// What the instructions of opcodes.ts are called in WebAssembly's text format (WebAssembly Core Specification 2.0, §6.5
// and §7.7), and how many values each takes off the stack and puts there, for those of which an opcode says it.

const loads =
  'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u';
const stores =
  'i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32';
const orders = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const floatOrders = 'eq ne lt gt le ge';
const bitCounts = 'clz ctz popcnt';
const integerArithmetic = 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const floatFunctions = 'abs neg ceil floor trunc nearest sqrt';
const floatArithmetic = 'add sub mul div min max copysign';
const conversions =
  'i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64 f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32 i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64 i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s';

const of = (type: string, names: string): string =>
  names
    .split(' ')
    .map((name) => `${type}.${name}`)
    .join(' ');

/** First opcode, then the names of those from there on, then values taken and values put. */
const rows: readonly (readonly [number, string, number, number])[] = [
  [0x1a, 'drop', 1, 0],
  [0x1b, 'select', 3, 1],
  [0x20, 'local.get', 0, 1],
  [0x21, 'local.set', 1, 0],
  [0x22, 'local.tee', 1, 1],
  [0x28, loads, 1, 1],
  [0x36, stores, 2, 0],
  [0x41, 'i32.const i64.const f32.const f64.const', 0, 1],
  [0x45, 'i32.eqz', 1, 1],
  [0x46, of('i32', orders), 2, 1],
  [0x50, 'i64.eqz', 1, 1],
  [0x51, of('i64', orders), 2, 1],
  [0x5b, of('f32', floatOrders), 2, 1],
  [0x61, of('f64', floatOrders), 2, 1],
  [0x67, of('i32', bitCounts), 1, 1],
  [0x6a, of('i32', integerArithmetic), 2, 1],
  [0x79, of('i64', bitCounts), 1, 1],
  [0x7c, of('i64', integerArithmetic), 2, 1],
  [0x8b, of('f32', floatFunctions), 1, 1],
  [0x92, of('f32', floatArithmetic), 2, 1],
  [0x99, of('f64', floatFunctions), 1, 1],
  [0xa0, of('f64', floatArithmetic), 2, 1],
  [0xa7, conversions, 1, 1],
];

export interface OpcodeName {
  name: string;
  takes: number;
  puts: number;
}

/** Of the opcodes without control flow and prefix. */
export const opcodeNames: ReadonlyMap<number, OpcodeName> = new Map(
  rows.flatMap(([first, names, takes, puts]) =>
    names.split(' ').map((name, index) => [first + index, { name, takes, puts }] as const),
  ),
);

/** Behind the prefix 0xfc. */
export const saturatingNames: readonly string[] = ['i32', 'i64'].flatMap((to) =>
  ['f32', 'f64'].flatMap((from) => ['s', 'u'].map((sign) => `${to}.trunc_sat_${from}_${sign}`)),
);

/** Behind the prefix 0xfd, as far as VECTOR of opcodes.ts goes. */
export const vectorNames: ReadonlyMap<number, OpcodeName> = new Map([
  [0x14, { name: 'f64x2.splat', takes: 1, puts: 1 }],
  [0x21, { name: 'f64x2.extract_lane', takes: 1, puts: 1 }],
  [0x107, { name: 'f64x2.relaxed_madd', takes: 3, puts: 1 }],
]);

/** Of the opcodes with control flow. */
export const CONTROL = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  return: 0x0f,
  call_indirect: 0x11,
  return_call_indirect: 0x13,
} as const;
