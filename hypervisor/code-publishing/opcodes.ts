// The instructions that published code may consist of, and what follows each in the code (WebAssembly Core Specification
// 2.0, §5.4; the tail-call proposal). Whatever is not here is refused: no growing of memory, no globals, no references,
// no bulk operations, no exceptions, nothing that a later version of WebAssembly brings.

/** What follows an opcode. `call` is a type index and table 0; `saturating` and `vector` are numbers of what a prefix has. */
export const IMMEDIATES = {
  none: 1,
  block: 2,
  end: 3,
  label: 4,
  local: 5,
  access: 6,
  constant32: 7,
  constant64: 8,
  call: 9,
  constantF32: 10,
  constantF64: 11,
  saturating: 12,
  vector: 13,
} as const;

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const rows: readonly (readonly [keyof typeof IMMEDIATES, readonly number[]])[] = [
  // block, loop, if
  ['block', [0x02, 0x03, 0x04]],
  ['end', [0x0b]],
  // unreachable, else, return, drop, select
  ['none', [0x00, 0x05, 0x0f, 0x1a, 0x1b]],
  // br, br_if
  ['label', [0x0c, 0x0d]],
  // call_indirect, return_call_indirect
  ['call', [0x11, 0x13]],
  // local.get, local.set, local.tee
  ['local', [0x20, 0x21, 0x22]],
  // Loads and stores of all types, of all widths.
  ['access', range(0x28, 0x3e)],
  ['constant32', [0x41]],
  ['constant64', [0x42]],
  ['constantF32', [0x43]],
  ['constantF64', [0x44]],
  // Comparisons; arithmetic of integers but for divisions, which trap.
  ['none', [...range(0x45, 0x66), ...range(0x67, 0x6c), ...range(0x71, 0x7e), ...range(0x83, 0x8a)]],
  // Arithmetic of floats.
  ['none', range(0x8b, 0xa6)],
  // i32.wrap_i64, i64.extend_i32_s, i64.extend_i32_u; conversions to floats, between them, of bits; sign extensions.
  // Conversions of floats to integers trap but for the saturating ones.
  ['none', [0xa7, 0xac, 0xad, ...range(0xb2, 0xbf), ...range(0xc0, 0xc4)]],
  ['saturating', [0xfc]],
  ['vector', [0xfd]],
];

/** The i32.trunc_sat and i64.trunc_sat family is 0 to 7 of its prefix. */
export const SATURATING = 8;

/** Of the vector instructions (§5.4.9; relaxed SIMD) what a fused multiplication and addition of doubles takes. */
export const VECTOR = { splat: 0x14, extractLane: 0x21, relaxedMultiplyAdd: 0x107 } as const;

/** Opcode → one of IMMEDIATES; 0: not allowed. */
export const immediates: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (const [what, opcodes] of rows) for (const opcode of opcodes) table[opcode] = IMMEDIATES[what];
  return table;
})();
