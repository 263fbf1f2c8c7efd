// A: RISC-V Unprivileged 20240411, chapter 13. The aq and rl bits are free; one hart runs at a time.
import { type Expression, encode, type Row, type Semantics } from './row.ts';

const AMO = 0x2f;

const rowsFor = (name: string, funct5: number, semantics: (bytes: 4 | 8) => Semantics): Row[] =>
  ([4, 8] as const).map((bytes) => ({
    name: `${name}.${bytes === 4 ? 'w' : 'd'}`,
    format: 'R',
    match: encode(AMO, bytes === 4 ? 2 : 3, funct5 << 2),
    mask: (name === 'lr' ? 0xf9f0707f : 0xf800707f) >>> 0,
    extension: 'A',
    effect: 'memory',
    semantics: semantics(bytes),
  }));

const update = (name: string, funct5: number, expression: Expression): Row[] =>
  rowsFor(name, funct5, (bytes) => ({ kind: 'atomic', bytes, update: expression }));

/** In `update`, rs1 is the old memory operand and rs2 the source, both sign-extended when they are words. */
export const atomicRows: Row[] = [
  ...rowsFor('lr', 2, (bytes) => ({ kind: 'loadReserved', bytes })),
  ...rowsFor('sc', 3, (bytes) => ({ kind: 'storeConditional', bytes })),
  ...update('amoswap', 1, (o) => o.rs2),
  ...update('amoadd', 0, (o) => o.add(o.rs1, o.rs2)),
  ...update('amoxor', 4, (o) => o.xor(o.rs1, o.rs2)),
  ...update('amoand', 12, (o) => o.and(o.rs1, o.rs2)),
  ...update('amoor', 8, (o) => o.or(o.rs1, o.rs2)),
  ...update('amomin', 16, (o) => o.select(o.less(o.rs1, o.rs2), o.rs1, o.rs2)),
  ...update('amomax', 20, (o) => o.select(o.less(o.rs1, o.rs2), o.rs2, o.rs1)),
  ...update('amominu', 24, (o) => o.select(o.lessUnsigned(o.rs1, o.rs2), o.rs1, o.rs2)),
  ...update('amomaxu', 28, (o) => o.select(o.lessUnsigned(o.rs1, o.rs2), o.rs2, o.rs1)),
];
