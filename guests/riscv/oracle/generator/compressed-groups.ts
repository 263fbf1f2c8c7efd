// Random compressed instructions, hints included (RISC-V Unprivileged 20240411 §27).
import type { Context } from './context.ts';
import * as e from './encoding.ts';

const near = (register: number): number => register - 8;

function emitArithmetic(context: Context): void {
  const { random, asm } = context;
  const rd = context.destination();
  const rdNear = near(context.compressedPointer());
  const immediate = random.next32() & 0x3f;
  const split = ((immediate & 0x20) << 7) | ((immediate & 0x1f) << 2);
  const rs2 = 1 + random.below(31);
  random.weighted<() => void>([
    [3, () => asm.half(split | (rd << 7) | 0x0001, rd === 0 ? 'c.nop' : 'c.addi')],
    [2, () => asm.half(0x2001 | split | (context.nonzeroDestination() << 7), 'c.addiw')],
    [2, () => asm.half(0x4001 | split | (rd << 7), 'c.li')],
    [2, () => asm.half(0x6001 | (split === 0 ? 4 : split) | (rd << 7), rd === 2 ? 'c.addi16sp' : 'c.lui')],
    [1, () => asm.half(0x8001 | split | (rdNear << 7), 'c.srli')],
    [1, () => asm.half(0x8401 | split | (rdNear << 7), 'c.srai')],
    [1, () => asm.half(0x8801 | split | (rdNear << 7), 'c.andi')],
    [1, () => asm.half(0x0002 | split | (rd << 7), 'c.slli')],
    [2, () => asm.half(0x8002 | (rd << 7) | (rs2 << 2), 'c.mv')],
    [2, () => asm.half(0x9002 | (rd << 7) | (rs2 << 2), 'c.add')],
    [
      4,
      () => {
        const [name, bits] = random.pick([
          ['c.sub', 0x8c01],
          ['c.xor', 0x8c21],
          ['c.or', 0x8c41],
          ['c.and', 0x8c61],
          ['c.subw', 0x9c01],
          ['c.addw', 0x9c21],
        ] as const);
        asm.half(bits | (rdNear << 7) | (random.below(8) << 2), name);
      },
    ],
    [
      1,
      () => {
        const offset = (1 + random.below(255)) << 2;
        const places = [
          [4, 11],
          [5, 12],
          [6, 7],
          [7, 8],
          [8, 9],
          [9, 10],
          [2, 6],
          [3, 5],
        ] as const;
        asm.half(e.scatter(offset, places) | (rdNear << 2), 'c.addi4spn');
      },
    ],
  ])();
}

const wordPlaces = [
  [3, 10],
  [4, 11],
  [5, 12],
  [2, 6],
  [6, 5],
] as const;
const doublePlaces = [
  [3, 10],
  [4, 11],
  [5, 12],
  [6, 5],
  [7, 6],
] as const;
const stackWordLoad = [
  [5, 12],
  [2, 4],
  [3, 5],
  [4, 6],
  [6, 2],
  [7, 3],
] as const;
const stackDoubleLoad = [
  [5, 12],
  [3, 5],
  [4, 6],
  [6, 2],
  [7, 3],
  [8, 4],
] as const;
const stackWordStore = [
  [2, 9],
  [3, 10],
  [4, 11],
  [5, 12],
  [6, 7],
  [7, 8],
] as const;
const stackDoubleStore = [
  [3, 10],
  [4, 11],
  [5, 12],
  [6, 7],
  [7, 8],
  [8, 9],
] as const;

/** `(name, bits, places, unit)` of the loads and stores relative to x8–x15, then of those relative to sp. */
const nearRows = [
  ['c.lw', 0x4000, wordPlaces, 4],
  ['c.sw', 0xc000, wordPlaces, 4],
  ['c.ld', 0x6000, doublePlaces, 8],
  ['c.sd', 0xe000, doublePlaces, 8],
  ['c.fld', 0x2000, doublePlaces, 8],
  ['c.fsd', 0xa000, doublePlaces, 8],
] as const;
const stackRows = [
  ['c.lwsp', 0x4002, stackWordLoad, 4, true],
  ['c.ldsp', 0x6002, stackDoubleLoad, 8, true],
  ['c.fldsp', 0x2002, stackDoubleLoad, 8, true],
  ['c.swsp', 0xc002, stackWordStore, 4, false],
  ['c.sdsp', 0xe002, stackDoubleStore, 8, false],
  ['c.fsdsp', 0xa002, stackDoubleStore, 8, false],
] as const;

/** A compressed access relative to a pointer that `emitBase` puts into the register it is given. */
export function emitCompressedAccess(context: Context, emitBase: (register: number) => void): void {
  const { random, asm } = context;
  if (random.chance(0.5)) {
    const base = context.compressedPointer();
    emitBase(base);
    const [name, bits, places, unit] = random.pick(nearRows);
    const register = near(context.compressedPointer());
    asm.half(bits | e.scatter(random.below(32) * unit, places) | (near(base) << 7) | (register << 2), name);
    return;
  }
  if (context.reserved.has(2)) return;
  emitBase(2);
  const [name, bits, places, unit, isLoad] = random.pick(stackRows);
  const isInteger = !name.startsWith('c.f');
  const loaded = isInteger ? context.nonzeroDestination() : context.floatRegister();
  const register = isLoad ? loaded << 7 : random.below(32) << 2;
  asm.half(bits | e.scatter(random.below(64) * unit, places) | register, name);
}

/** One compressed computation. */
export function emitCompressed(context: Context): void {
  emitArithmetic(context);
}
