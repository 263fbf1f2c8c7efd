// The architectural state that is compared before each instruction, as pairs of 32-bit words in one fixed order.

export const csrFields = [
  'mstatus',
  'mip',
  'mie',
  'mideleg',
  'medeleg',
  'mtvec',
  'stvec',
  'mepc',
  'sepc',
  'mcause',
  'scause',
  'mtval',
  'stval',
  'mscratch',
  'sscratch',
  'satp',
] as const;
export type CsrField = (typeof csrFields)[number];

const registers = (prefix: string): string[] => Array.from({ length: 32 }, (_, index) => `${prefix}${index}`);

/** Names of the fields in the order of the state array: pc, CSRs, x0–x31, f0–f31. */
export const fieldNames: readonly string[] = ['pc', ...csrFields, ...registers('x'), ...registers('f')];
export const FIRST_X = 1 + csrFields.length;
export const FIRST_F = FIRST_X + 32;

/** Field i is `words[2 * i]` (low half) and `words[2 * i + 1]` (high half). */
export type State = Uint32Array;

export const newState = (): State => new Uint32Array(2 * fieldNames.length);

export const fieldIndex = (name: string): number => fieldNames.indexOf(name);

/** A field as an unsigned 64-bit number. */
export const fieldValue = (state: State, index: number): bigint =>
  (BigInt(state[2 * index + 1]!) << 32n) | BigInt(state[2 * index]!);

/** pc as a number where it fits exactly, else -1. */
export const pcOf = (state: State): number =>
  state[1]! > 0x1f_ffff ? -1 : state[1]! * 0x1_0000_0000 + state[0]!;

export const hex = (value: bigint): string => value.toString(16).padStart(16, '0');
