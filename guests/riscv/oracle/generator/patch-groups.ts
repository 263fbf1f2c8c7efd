// Code that is written while it runs, with fence.i behind it or without: the machine, like QEMU, runs what was written at
// once (RISC-V Unprivileged 20240411 §6 allows that).
import type { Context } from './context.ts';
import { emitBody, emitForwardAddress } from './control-groups.ts';
import { emitCounted } from './counted-loop.ts';
import * as e from './encoding.ts';
import { patchedAt } from './function-pages.ts';
import { emitFarCall } from './mapping-groups.ts';
import { scratchAddress } from './memory-groups.ts';
import { FUNCTION_PAGES, FUNCTIONS_BASE, RESUME_REGISTER } from './memory-layout.ts';

const [POINTER, VALUE, MASK] = [5, 6, 7];
const xor = e.typeR(0x33, 4, 0);

/** Writes an instruction and a return into scratch, checks that they arrived, and calls them. */
function emitNewFunction(context: Context): void {
  const { random, asm } = context;
  if (!asm.hasFreeSlots) return;
  const [pointer, value, check, link] = [5, 6, 7, 1 + random.below(4)];
  const operation = e.addi(8 + random.below(8), random.below(32), random.next32() & 0xfff);
  const code = BigInt(operation) | (BigInt(0x8002 | (link << 7)) << 32n);
  const complete = emitForwardAddress(context, RESUME_REGISTER);
  asm.loadAddress(pointer, scratchAddress(random, random.chance(0.5) ? 8 : 1) & ~1);
  asm.loadConstant(value, code);
  asm.word(e.sd(value, pointer, 0), 'sd');
  asm.word(e.addi(check, 0, 0), 'addi');
  asm.word(e.ld(check, pointer, 0), 'ld');
  const at = asm.here;
  asm.word(0, 'bne');
  asm.word(e.FENCE_I, 'fence.i');
  asm.word(e.jalr(link, pointer, 0), 'jalr to new code');
  asm.patchWord(at, e.bne(check, value, asm.here - at));
  complete();
}

/** Flips some bits of the immediate of the instruction at POINTER. */
function emitFlip(context: Context): void {
  const { random, asm } = context;
  asm.word(e.lw(VALUE, POINTER, 0), 'lw');
  asm.word(e.lui(MASK, (1 + random.below(0xfff)) << 8), 'lui');
  asm.word(xor(VALUE, VALUE, MASK), 'xor');
  asm.word(e.sw(VALUE, POINTER, 0), 'sw to code');
  if (random.chance(0.5)) asm.word(e.FENCE_I, 'fence.i');
}

/** Patches an instruction a few further on. Where code is mapped, it may not be written: then nothing changes. */
function emitPatchAhead(context: Context): void {
  const { random, asm } = context;
  const complete = emitForwardAddress(context, POINTER);
  emitFlip(context);
  if (random.chance(0.5)) emitBody(context);
  complete();
  asm.word(e.addi(context.destination(), context.source(), random.next32() & 0xfff), 'addi patched');
}

/** Patches a function of the function pages, then calls it or others, perhaps again and again. */
function emitPatchedCall(context: Context): void {
  const { random, asm } = context;
  const page = FUNCTIONS_BASE + random.below(FUNCTION_PAGES) * 4096;
  const at = page + patchedAt(random);
  asm.loadAddress(POINTER, at);
  emitFlip(context);
  const emitCall = (): void => {
    if (context.isTranslated) emitFarCall(context);
    else {
      asm.loadAddress(POINTER, random.chance(0.8) ? at : page + patchedAt(random));
      asm.word(e.jalr(1, POINTER, 0), 'jalr to patched code');
    }
  };
  if (random.chance(0.4)) emitCall();
  else emitCounted(context, 2 + random.below(8), emitCall);
}

/** One patch. Only where nothing around needs the registers 1 and 5 to 7. */
export function emitPatch(context: Context): void {
  context.random.weighted<() => void>([
    [1, () => emitNewFunction(context)],
    [1, () => emitPatchAhead(context)],
    [5, () => emitPatchedCall(context)],
  ])();
}

/** One patch, or a loop of patches. */
export function emitSelfModifying(context: Context): void {
  const { random, asm } = context;
  if (!asm.hasFreeSlots || random.chance(0.6)) {
    emitPatch(context);
    return;
  }
  emitCounted(context, 3 + random.below(12), () => {
    for (let patches = 1 + random.below(3); patches > 0; patches--) {
      emitPatch(context);
      emitBody(context);
    }
  });
}
