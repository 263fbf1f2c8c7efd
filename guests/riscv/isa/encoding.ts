// How slots of the decode cache are numbered: which operations each row has, and what the decoder tells of them
// (guests/riscv/machine/hart/decode.ts packs the operands).
import type { Row } from './row.ts';
import { namesWithCompressedForm, rows } from './tables.ts';

/** Operations that no instruction stands for, or that several share. */
export const specialOperations = [
  'DECODE',
  'EXIT',
  'END_OF_PAGE',
  'CROSSING',
  'ILLEGAL',
  'NOTHING',
  'NOTHING_C',
  'LOAD_DISCARD',
  'LOAD_DISCARD_C',
  'UNIT',
] as const;

/** What the decoder must do with the operands; the value is part of the decoder's answer. */
export const packings = [
  'register',
  'immediate',
  'shift',
  'store',
  'branch',
  'upper',
  'upperRelative',
  'jump',
  'jumpRegister',
  'raw',
  'float',
  'float4',
  'load',
  'floatLoad',
  'nothing',
] as const;
export type Packing = (typeof packings)[number];

export interface Operation {
  name: string;
  row: Row;
  /** Bytes of the instruction that this operation stands for, and whether its target is in the same page. */
  length: 2 | 4;
  near: boolean;
  /** Jumps: whether a link register is written. */
  links: boolean;
}

export const constantName = (name: string): string => name.toUpperCase().replaceAll('.', '_');

export function operationsOf(row: Row): Operation[] {
  const base = constantName(row.name);
  const operation = (suffix: string, options: Partial<Operation> = {}): Operation => ({
    name: base + suffix,
    row,
    length: 4,
    near: false,
    links: true,
    ...options,
  });
  const lengths = namesWithCompressedForm.has(row.name) ? ([4, 2] as const) : ([4] as const);
  switch (row.semantics.kind) {
    case 'branch':
      return lengths.flatMap((length) => [
        operation(length === 4 ? '' : '_C', { length, near: true }),
        operation(length === 4 ? '_FAR' : '_C_FAR', { length }),
      ]);
    case 'jump':
      return [
        operation('', { near: true }),
        operation('_FAR'),
        operation('_PLAIN', { near: true, links: false }),
        operation('_PLAIN_FAR', { links: false }),
      ];
    case 'jumpRegister':
      return [operation(''), operation('_PLAIN', { links: false })];
    case 'call':
    case 'nothing':
      return [operation('')];
    default:
      return lengths.map((length) => operation(length === 4 ? '' : '_C', { length }));
  }
}

/** Which register file an instruction writes its rd in. */
export const destinations = ['none', 'integer', 'float'] as const;

export function destinationOf({ name, semantics }: Row): (typeof destinations)[number] {
  switch (semantics.kind) {
    case 'store':
    case 'floatStore':
    case 'branch':
    case 'nothing':
      return 'none';
    case 'floatLoad':
      return 'float';
    case 'float':
      return semantics.result === 'x' ? 'integer' : 'float';
    case 'call':
      return name.startsWith('csr') ? 'integer' : 'none';
    default:
      return 'integer';
  }
}

/** Which integer registers an instruction reads: bit 0 rs1, bit 1 rs2. */
export function sourcesOf({ format, semantics }: Row): number {
  switch (semantics.kind) {
    case 'value':
      return format === 'R' ? 3 : 1;
    case 'load':
    case 'floatLoad':
    case 'floatStore':
    case 'jumpRegister':
    case 'loadReserved':
      return 1;
    case 'store':
    case 'branch':
    case 'atomic':
    case 'storeConditional':
      return 3;
    case 'float':
      return semantics.operands[0] === 'x' ? 1 : 0;
    default:
      return 0;
  }
}

export function packingOf(row: Row): Packing {
  const { semantics } = row;
  switch (semantics.kind) {
    case 'value':
      return row.format === 'R' ? 'register' : row.format === 'shift' ? 'shift' : 'immediate';
    case 'upper':
      return semantics.relative ? 'upperRelative' : 'upper';
    case 'load':
      return 'load';
    case 'floatLoad':
      return 'floatLoad';
    case 'store':
    case 'floatStore':
      return 'store';
    case 'branch':
      return 'branch';
    case 'jump':
      return 'jump';
    case 'jumpRegister':
      return 'jumpRegister';
    case 'float':
      return row.format === 'float4' ? 'float4' : 'float';
    case 'call':
      return 'raw';
    case 'nothing':
      return 'nothing';
    default:
      return 'register';
  }
}

/** Every operation; its number is its place. */
export const operations: (string | Operation)[] = [
  ...specialOperations,
  ...rows.flatMap((row) => operationsOf(row)),
];

export const operationName = (operation: string | Operation): string =>
  typeof operation === 'string' ? operation : operation.name;

export const operationNumber = (name: string): number =>
  operations.findIndex((operation) => operationName(operation) === name);
