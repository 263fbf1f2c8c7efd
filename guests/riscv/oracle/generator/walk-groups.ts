// Loops along memory with steps of any length, so that accesses which are checked together come to lie in one page, across
// its end, and in the next; and instructions that lie across the end of a page.
import type { Context } from './context.ts';
import { emitBody } from './control-groups.ts';
import { emitCounted } from './counted-loop.ts';
import * as e from './encoding.ts';
import { emitAccesses } from './memory-groups.ts';
import {
  CHANGING_BASE,
  CHANGING_FUNCTIONS,
  CHANGING_SCRATCH,
  SCRATCH_BASE,
  SCRATCH_BYTES,
} from './memory-layout.ts';

const PAGE_BYTES = 4096;
/** What accesses may reach beyond the pointer. */
const REACH = 128;
const STRIDES = [1, 3, 8, 8, 8, 16, 24, 61, 64, 128, 500, 1000, 2040] as const;

/** Code between which and the end of the page a jump is worth the room that it leaves unused. */
const MAX_GAP = 1600;

/** Points a register to where a walk of so many bytes has room. */
function emitStart(context: Context, register: number, bytes: number): void {
  const { random, asm } = context;
  const pages = CHANGING_SCRATCH * PAGE_BYTES;
  if (context.isTranslated && bytes < pages - REACH && asm.hasFreeSlots && random.chance(0.4)) {
    const first = CHANGING_BASE + CHANGING_FUNCTIONS * PAGE_BYTES;
    asm.loadConstant(register, BigInt(first + random.below(pages - REACH - bytes)));
    return;
  }
  const place = random.below(SCRATCH_BYTES - 2 * REACH - bytes);
  const isAligned = random.chance(0.5);
  asm.loadAddress(register, SCRATCH_BASE + REACH + (isAligned ? place & ~7 : place));
}

/** Goes along memory, or copies from one place to another. */
export function emitWalk(context: Context): void {
  const { random, asm, reserved } = context;
  const stride = random.pick(STRIDES);
  const rounds = 2 + random.below(Math.min(24, 8000 / stride));
  const pointers = random.chance(0.5) ? [context.pointer()] : [8 + random.below(4), 12 + random.below(4)];
  if (pointers.some((register) => reserved.has(register))) return;
  for (const register of pointers) {
    emitStart(context, register, stride * rounds);
    reserved.add(register);
  }
  emitCounted(context, rounds, () => {
    for (const register of pointers) {
      emitAccesses(context, register, false);
      reserved.add(register);
    }
    if (random.chance(0.4)) emitBody(context);
    for (const register of pointers) asm.word(e.addi(register, register, stride), 'addi');
  });
  for (const register of pointers) reserved.delete(register);
}

/** An instruction of four bytes whose last two are in the next page, where the end of the page is near. */
export function emitCrossingInstruction(context: Context): void {
  const { random, asm } = context;
  const base = context.pointer();
  asm.loadAddress(base, SCRATCH_BASE + (SCRATCH_BYTES >> 1));
  const end = asm.here - (asm.here % PAGE_BYTES) + PAGE_BYTES;
  const gap = end - 2 - asm.here;
  if (gap < 4 || gap > MAX_GAP || asm.roomBytes < 3 * PAGE_BYTES) {
    emitBody(context);
    return;
  }
  asm.word(e.jal(0, gap), 'jal');
  asm.moveTo(end - 2);
  const immediate = random.next32() & 0xfff;
  random.weighted<() => void>([
    [3, () => asm.word(e.addi(context.destination(), context.source(), immediate), 'addi across pages')],
    [1, () => asm.word(e.jal(context.destination(), 4), 'jal across pages')],
    [1, () => asm.word(e.beq(context.source(), context.source(), 4), 'beq across pages')],
    [1, () => asm.word(e.ld(context.destination(), base, immediate), 'ld across pages')],
    [1, () => asm.word(e.csrrs(context.destination(), 0, 0x001), 'csrrs fflags across pages')],
  ])();
}
