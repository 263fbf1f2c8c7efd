// What one instruction is: a row of the tables in this folder (RISC-V Unprivileged 20240411, chapters 2, 7, 12-14,
// 20-22, 27). Rows feed the interpreter's generator, the disassembler and the tests.

/** The operations of which semantics are made; V is whatever a back end represents a 64-bit value by. */
export interface Operations<V> {
  rs1: V;
  rs2: V;
  immediate: V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  /** Shifts take the count's low 6 bits. */
  shiftLeft(a: V, b: V): V;
  shiftRight(a: V, b: V): V;
  shiftRightSigned(a: V, b: V): V;
  /** The same on the low 32 bits (5 bits of the count), sign-extended. */
  addWord(a: V, b: V): V;
  subWord(a: V, b: V): V;
  mulWord(a: V, b: V): V;
  shiftLeftWord(a: V, b: V): V;
  shiftRightWord(a: V, b: V): V;
  shiftRightSignedWord(a: V, b: V): V;
  mul(a: V, b: V): V;
  /** Comparisons give 0 or 1. */
  equal(a: V, b: V): V;
  notEqual(a: V, b: V): V;
  less(a: V, b: V): V;
  lessUnsigned(a: V, b: V): V;
  atLeast(a: V, b: V): V;
  atLeastUnsigned(a: V, b: V): V;
  /** Chooses a when the condition is not zero. */
  select(condition: V, a: V, b: V): V;
  /** A function of two values that is too long to be put in line (hart/multiply-divide.ts). */
  call(name: string, a: V, b: V): V;
}

export type Expression = <V>(o: Operations<V>) => V;

/** How the operands lie in the instruction. 'raw' instructions hand their bits to a handwritten function. */
export type Format =
  | 'R'
  | 'I'
  | 'shift'
  | 'S'
  | 'B'
  | 'U'
  | 'J'
  | 'raw'
  | 'float'
  | 'float4'
  | 'floatLoad'
  | 'floatStore';

/** Where control may go besides the next instruction. */
export type Effect = 'none' | 'memory' | 'branch' | 'jump' | 'system';

/** A register value of a floating-point operation: an integer register, a float register of a width, or its bits. */
export type FloatType = 'x' | 'f32' | 'f64' | 'bits';

export type Semantics =
  | { kind: 'value'; value: Expression }
  | { kind: 'upper'; relative: boolean }
  | { kind: 'load'; bytes: 1 | 2 | 4 | 8; signed: boolean }
  | { kind: 'store'; bytes: 1 | 2 | 4 | 8 }
  | { kind: 'branch'; condition: Expression }
  | { kind: 'jump' }
  | { kind: 'jumpRegister' }
  /** New value of the memory operand from the old one (rs1 of the expression) and the source register (rs2). */
  | { kind: 'atomic'; bytes: 4 | 8; update: Expression }
  | { kind: 'loadReserved'; bytes: 4 | 8 }
  | { kind: 'storeConditional'; bytes: 4 | 8 }
  | { kind: 'floatLoad'; bytes: 4 | 8 }
  | { kind: 'floatStore'; bytes: 4 | 8 }
  /** Calls `name` of hart/float-operations.ts with `operands` (and the rounding mode, resolved). */
  | { kind: 'float'; name: string; operands: FloatType[]; result: FloatType; rounds: boolean }
  /** Calls the handwritten function `name`(address of the slot), which returns the next slot's address. */
  | { kind: 'call'; name: string }
  | { kind: 'nothing' };

export interface Row {
  name: string;
  format: Format;
  match: number;
  mask: number;
  extension: 'I' | 'M' | 'A' | 'F' | 'D' | 'Zicsr' | 'Zifencei' | 'S';
  effect: Effect;
  semantics: Semantics;
}

const MAJOR = 0x7f;
export const FUNCT3 = 0x707f;
export const FUNCT7 = 0xfe00707f >>> 0;

/** match for a major opcode, funct3 and funct7. */
export const encode = (major: number, funct3 = 0, funct7 = 0): number =>
  (((funct7 << 25) >>> 0) | (funct3 << 12) | major) >>> 0;

export const majorMask = MAJOR;
