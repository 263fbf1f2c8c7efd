// Random branches, jumps, bounded loops, and jumps to where nothing may run
// (RISC-V Unprivileged 20240411 §2.5; Privileged §3.3.1).
import { emitCompressed } from './compressed-groups.ts';
import type { Context } from './context.ts';
import * as e from './encoding.ts';
import { emitInteger } from './integer-groups.ts';
import { CODE_BASE, RAM_BYTES, RESUME_REGISTER, TABLE_BASE, USER_ALIAS_OFFSET } from './memory-layout.ts';

export const conditions: readonly (readonly [name: string, funct3: number])[] = [
  ['beq', 0],
  ['bne', 1],
  ['blt', 4],
  ['bge', 5],
  ['bltu', 6],
  ['bgeu', 7],
];

/** A few instructions that neither trap nor jump. */
export function emitBody(context: Context): void {
  for (let count = 1 + context.random.below(3); count > 0; count--)
    if (context.random.chance(0.4)) emitCompressed(context);
    else emitInteger(context);
}

const branchPlaces = [
  [8, 12],
  [3, 10],
  [4, 11],
  [6, 5],
  [7, 6],
  [1, 3],
  [2, 4],
  [5, 2],
] as const;
const jumpPlaces = [
  [11, 12],
  [4, 11],
  [8, 9],
  [9, 10],
  [10, 8],
  [6, 7],
  [7, 6],
  [1, 3],
  [2, 4],
  [3, 5],
  [5, 2],
] as const;

function emitForwardBranch(context: Context): void {
  const { random, asm } = context;
  const at = asm.here;
  if (random.chance(0.3)) {
    const [name, bits] = random.pick([
      ['c.beqz', 0xc001],
      ['c.bnez', 0xe001],
    ] as const);
    const register = random.below(8) << 7;
    asm.half(0, name);
    emitBody(context);
    asm.patchHalf(at, bits | register | e.scatter(asm.here - at, branchPlaces));
    return;
  }
  const [name, funct3] = random.pick(conditions);
  const rs1 = context.source();
  const rs2 = random.chance(0.2) ? rs1 : context.source();
  asm.word(0, name);
  emitBody(context);
  asm.patchWord(at, e.typeB(funct3)(rs1, rs2, asm.here - at));
}

function emitForwardJump(context: Context): void {
  const { random, asm } = context;
  const at = asm.here;
  if (random.chance(0.3)) {
    asm.half(0, 'c.j');
    emitBody(context);
    asm.patchHalf(at, 0xa001 | e.scatter(asm.here - at, jumpPlaces));
  } else {
    const rd = context.destination();
    asm.word(0, 'jal');
    emitBody(context);
    asm.patchWord(at, e.jal(rd, asm.here - at));
  }
}

/** Emits `auipc rd, 0` and an `addi` that a later call completes: rd = where the code then is, plus `extra`. */
export function emitForwardAddress(context: Context, rd: number): (extra?: number) => void {
  const { asm } = context;
  const at = asm.here;
  asm.word(e.auipc(rd, 0), 'auipc');
  asm.word(0, 'addi');
  return (extra = 0) => {
    const offset = asm.here - at + extra;
    if (offset > 2047) throw new Error('a forward address is out of reach');
    asm.patchWord(at + 4, e.addi(rd, rd, offset));
  };
}

function emitIndirectJump(context: Context): void {
  const { random, asm } = context;
  const register = context.pointer();
  const complete = emitForwardAddress(context, register);
  const odd = random.below(2);
  const shift = random.pick([0, 0, 8, -16]);
  random.weighted<() => void>([
    [2, () => asm.word(e.jalr(context.destination(), register, shift & 0xfff), 'jalr')],
    [1, () => asm.half(0x8002 | (register << 7), 'c.jr')],
    // It links by x1.
    [context.reserved.has(1) ? 0 : 1, () => asm.half(0x9002 | (register << 7), 'c.jalr')],
  ])();
  const isJalr = (asm.names[(asm.here - 4 - CODE_BASE) / 2] ?? '') === 'jalr';
  emitBody(context);
  complete(odd - (isJalr ? shift : 0));
}

function emitLoop(context: Context): void {
  const { random, asm } = context;
  const counter = context.pointer();
  context.reserved.add(counter);
  asm.word(e.addi(counter, 0, 1 + random.below(4)), 'addi');
  const top = asm.here;
  emitBody(context);
  asm.word(e.addi(counter, counter, -1), 'addi');
  asm.word(e.bne(counter, 0, top - asm.here), 'bne');
  context.reserved.delete(counter);
}

/** One forward transfer of control or a short loop. */
export function emitControl(context: Context): void {
  context.random.weighted<() => void>([
    [5, () => emitForwardBranch(context)],
    [2, () => emitForwardJump(context)],
    [3, () => emitIndirectJump(context)],
    [2, () => emitLoop(context)],
  ])();
}

/** A jump to an address where fetching faults; the handlers go on at the resume register. */
export function emitFetchFault(context: Context): void {
  const { random, asm } = context;
  if (!asm.hasFreeSlots) return;
  const complete = emitForwardAddress(context, RESUME_REGISTER);
  const register = context.pointer();
  if (context.isTranslated) {
    const alias = context.mode === 'S' ? -USER_ALIAS_OFFSET : USER_ALIAS_OFFSET;
    random.weighted<() => void>([
      [2, () => asm.loadAddress(register, TABLE_BASE + 2 * random.below(100))],
      [2, () => asm.loadAddress(register, CODE_BASE + 0x800 + alias)],
      [1, () => asm.loadConstant(register, 0x1_c000_0000n)],
      [1, () => asm.loadConstant(register, 1n << 62n)],
    ])();
  } else {
    asm.loadConstant(register, random.pick([BigInt(CODE_BASE + RAM_BYTES), 1n << 60n, -4n]));
  }
  asm.word(e.jalr(context.destination(), register, 0), 'jalr to nowhere');
  complete();
}
