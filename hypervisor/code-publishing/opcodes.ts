// The instructions that published code may consist of, and what follows each in the code (WebAssembly Core Specification
// 2.0, §5.4; the tail-call proposal). Whatever is not here is refused: no growing of memory, no globals, no references,
// no bulk operations, no exceptions, nothing that a later version of WebAssembly brings.

/** What follows an opcode. `call` is a type index and table 0. */
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
  // Loads and stores of i32 and i64, of all widths.
  ['access', [0x28, 0x29, ...range(0x2c, 0x37), ...range(0x3a, 0x3e)]],
  ['constant32', [0x41]],
  ['constant64', [0x42]],
  // Comparisons of i32 and i64; their arithmetic but for divisions, which trap.
  ['none', [...range(0x45, 0x5a), ...range(0x67, 0x6c), ...range(0x71, 0x7e), ...range(0x83, 0x8a)]],
  // i32.wrap_i64, i64.extend_i32_s, i64.extend_i32_u, sign extensions
  ['none', [0xa7, 0xac, 0xad, ...range(0xc0, 0xc4)]],
];

/** Opcode → one of IMMEDIATES; 0: not allowed. */
export const immediates: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (const [what, opcodes] of rows) for (const opcode of opcodes) table[opcode] = IMMEDIATES[what];
  return table;
})();
