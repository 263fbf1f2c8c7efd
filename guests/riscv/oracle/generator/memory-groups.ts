// Random loads, stores and atomics on scratch: aligned, misaligned, across pages, through random page table entries,
// and outside of memory (RISC-V Unprivileged 20240411 §2.6, §13; Privileged §12.3).
import { emitCompressedAccess } from './compressed-groups.ts';
import type { Context } from './context.ts';
import * as e from './encoding.ts';
import {
  CODE_BASE,
  RAM_BYTES,
  SCRATCH_BASE,
  SCRATCH_BYTES,
  SCRATCH_PAGES,
  USER_ALIAS_OFFSET,
} from './memory-layout.ts';
import { randomVirtualAddress } from './page-tables.ts';
import type { Random } from './random.ts';

type Row = readonly [name: string, opcode: number, funct3: number];

const loads: readonly Row[] = [
  ['lb', 0x03, 0],
  ['lh', 0x03, 1],
  ['lw', 0x03, 2],
  ['ld', 0x03, 3],
  ['lbu', 0x03, 4],
  ['lhu', 0x03, 5],
  ['lwu', 0x03, 6],
];
const floatLoads: readonly Row[] = [
  ['flw', 0x07, 2],
  ['fld', 0x07, 3],
];
const stores: readonly Row[] = [
  ['sb', 0x23, 0],
  ['sh', 0x23, 1],
  ['sw', 0x23, 2],
  ['sd', 0x23, 3],
  ['fsw', 0x27, 2],
  ['fsd', 0x27, 3],
];

const atomics: readonly (readonly [name: string, funct5: number])[] = [
  ['amoadd', 0x00],
  ['amoswap', 0x01],
  ['amoxor', 0x04],
  ['amoor', 0x08],
  ['amoand', 0x0c],
  ['amomin', 0x10],
  ['amomax', 0x14],
  ['amominu', 0x18],
  ['amomaxu', 0x1c],
];

/** Physical addresses where neither machine has anything: behind the end of memory and beyond 56 bits. */
const nowhere: readonly bigint[] = [
  BigInt(CODE_BASE + RAM_BYTES),
  0x80_0000_0000n,
  1n << 56n,
  0xffff_ffff_ffff_fff0n,
  0x7fff_ffff_ffff_fff8n,
];

/** An address in scratch at least 2 KiB from its ends. */
export function scratchAddress(random: Random, alignment: number): number {
  const inner = SCRATCH_BYTES - 4096 - 64;
  if (alignment === 1 && random.chance(0.4)) {
    const page = 1 + random.below(SCRATCH_PAGES - 2);
    return SCRATCH_BASE + page * 4096 - 1 - random.below(8);
  }
  return SCRATCH_BASE + 2048 + Math.floor(random.below(inner) / alignment) * alignment;
}

/** Puts a pointer to scratch (or, rarely, to nowhere) into a register; says whether ±2 KiB around it is safe, too. */
export function emitPointer(context: Context, register: number, alignment: number): boolean {
  const { random, asm } = context;
  if (context.isTranslated && asm.hasFreeSlots && random.chance(0.5)) {
    asm.loadConstant(register, randomVirtualAddress(random) & ~BigInt(alignment - 1));
    return false;
  }
  if (asm.hasFreeSlots && random.chance(0.03)) {
    asm.loadConstant(register, random.pick(nowhere));
    return false;
  }
  const address = scratchAddress(random, alignment);
  const otherAlias = context.mode === 'S' ? -USER_ALIAS_OFFSET : USER_ALIAS_OFFSET;
  const crosses = context.isTranslated && context.mode !== 'M' && random.chance(0.15);
  asm.loadAddress(register, crosses ? address + otherAlias : address);
  return true;
}

/** Several loads and stores around one pointer. */
export function emitMemory(context: Context): void {
  const { random } = context;
  const alignment = random.chance(0.55) ? 8 : 1;
  if (random.chance(0.3)) {
    emitCompressedAccess(context, (register) => emitPointer(context, register, alignment));
    return;
  }
  const base = context.pointer();
  emitAccesses(context, base, emitPointer(context, base, alignment), alignment);
}

/** A few loads and stores by a base register, around it (`isWide`) or a little further on. */
export function emitAccesses(context: Context, base: number, isWide: boolean, alignment = 8): void {
  const { random } = context;
  context.reserved.add(base);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const near = (random.below(8) * alignment) & 63;
    const offset = isWide && random.chance(0.7) ? e.signed(random.next32(), 12) & -alignment : near;
    emitAccess(context, base, offset);
  }
  context.reserved.delete(base);
}

function emitAccess(context: Context, base: number, offset: number): void {
  const { random, asm } = context;
  const kind = random.below(20);
  if (kind < 8) {
    const [name, opcode, funct3] = random.pick(loads);
    asm.word(e.typeI(opcode, funct3)(context.destination(), base, offset & 0xfff), name);
  } else if (kind < 11) {
    const [name, opcode, funct3] = random.pick(floatLoads);
    asm.word(e.typeI(opcode, funct3)(context.floatRegister(), base, offset & 0xfff), name);
  } else if (kind < 19) {
    const [name, opcode, funct3] = random.pick(stores);
    asm.word(e.typeS(opcode, funct3)(context.source(), base, offset), name);
  } else if (random.chance(0.5)) {
    const word = e.typeI(random.pick([0x03, 0x07]), random.below(8))(context.destination(), base, 0);
    asm.word(word, 'fuzz LOAD');
  } else {
    asm.word(e.typeS(random.pick([0x23, 0x27]), random.below(8))(context.source(), base, 0), 'fuzz STORE');
  }
}

const width = (isDouble: boolean): number => (isDouble ? 3 : 2);
const suffix = (isDouble: boolean): string => (isDouble ? '.d' : '.w');

function emitAmo(context: Context): void {
  const { random, asm } = context;
  const isDouble = random.chance(0.5);
  const base = context.pointer();
  emitPointer(context, base, random.chance(0.92) ? 8 : random.pick([1, 2, 4]));
  const [name, funct5] = random.pick(atomics);
  const funct7 = (funct5 << 2) | random.below(4);
  const rs2 = context.pointer();
  if (rs2 !== base && random.chance(0.4)) context.loadInteger(rs2);
  asm.word(e.typeR(0x2f, width(isDouble), funct7)(context.destination(), base, rs2), name + suffix(isDouble));
}

function emitReservation(context: Context): void {
  const { random, asm } = context;
  const isDouble = random.chance(0.5);
  const base = context.pointer();
  emitPointer(context, base, 8);
  context.reserved.add(base);
  const order = random.below(4);
  const lr = e.typeR(0x2f, width(isDouble), (0x02 << 2) | order);
  const sc = e.typeR(0x2f, width(isDouble), (0x03 << 2) | order);
  const value = context.source();
  asm.word(lr(context.destination(), base, 0), `lr${suffix(isDouble)}`);
  for (let count = random.below(3); count > 0; count--)
    asm.word(
      e.typeR(0x33, random.below(8), 0)(context.destination(), context.source(), context.source()),
      'op',
    );
  asm.word(sc(context.destination(), base, value), `sc${suffix(isDouble)}`);
  if (!context.isTranslated && random.chance(0.2))
    asm.word(sc(context.destination(), base, context.source()), `sc${suffix(isDouble)} without lr`);
  context.reserved.delete(base);
}

/** An AMO, a reservation pair or an AMO opcode with random fields. */
export function emitAtomic(context: Context): void {
  const { random, asm } = context;
  random.weighted<() => void>([
    [8, () => emitAmo(context)],
    [5, () => emitReservation(context)],
    [
      1,
      () => {
        const base = context.pointer();
        asm.loadAddress(base, scratchAddress(random, 8));
        let funct5 = random.below(32);
        if (funct5 === 2 || funct5 === 3) funct5 = 5;
        const word = e.typeR(0x2f, random.below(8), (funct5 << 2) | random.below(4));
        asm.word(word(context.destination(), base, context.source()), 'fuzz AMO');
      },
    ],
  ])();
}
