// Loops that are worth translating: nested, with ways in and out of their middle, calls, and anything that other groups
// do inside of them: traps, other modes, timers, code that changes, mappings that change. What runs once says little about
// regions of code.
import { emitCompressed } from './compressed-groups.ts';
import type { Context } from './context.ts';
import { emitBody, emitControl } from './control-groups.ts';
import { counterRegister } from './counted-loop.ts';
import { emitCsr, emitTrap } from './csr-groups.ts';
import * as e from './encoding.ts';
import { emitFloat } from './float-groups.ts';
import { emitMultiply } from './integer-groups.ts';
import { emitMappingChange } from './mapping-groups.ts';
import { emitAtomic, emitMemory } from './memory-groups.ts';
import { emitPatch } from './patch-groups.ts';
import { emitProtection, emitSegment, emitTableChange } from './privileged-groups.ts';
import { emitTimer } from './timer-groups.ts';
import { emitCrossingInstruction, emitWalk } from './walk-groups.ts';

const MAX_DEPTH = 2;
/** What a conditional branch reaches, with room for what is still to come. */
const REACH = 3600;

interface Callee {
  at: number;
  link: number;
}

/** A function, jumped over; links by a register that marks calls, or by another. */
function emitFunction(context: Context): Callee {
  const { random, asm } = context;
  const link = random.pick([1, 1, 5, 6]);
  const jump = asm.here;
  asm.word(0, 'jal');
  const at = asm.here;
  context.reserved.add(link);
  emitBody(context);
  if (random.chance(0.5)) emitControl(context);
  context.reserved.delete(link);
  asm.word(e.jalr(0, link, 0), 'ret');
  asm.patchWord(jump, e.jal(0, asm.here - jump));
  return { at, link };
}

function emitCall(context: Context, { at, link }: Callee): void {
  const { random, asm } = context;
  if (random.chance(0.6) || asm.here - at > 2000) {
    asm.word(e.jal(link, at - asm.here), 'jal');
    return;
  }
  const register = context.pointer();
  const here = asm.here;
  asm.word(e.auipc(register, 0), 'auipc');
  asm.word(e.addi(register, register, at - here), 'addi');
  asm.word(e.jalr(link, register, 0), 'jalr');
}

/** What may be in a loop, in any mode. */
function emitPlainPiece(context: Context): void {
  context.random.weighted<() => void>([
    [4, () => emitBody(context)],
    [4, () => emitMemory(context)],
    [2, () => emitWalk(context)],
    [3, () => emitControl(context)],
    [2, () => emitFloat(context)],
    [2, () => emitCompressed(context)],
    [1, () => emitMultiply(context)],
    [1, () => emitAtomic(context)],
    [1, () => emitCsr(context)],
    [1, () => emitTrap(context)],
    [0.5, () => emitPatch(context)],
    [0.5, () => emitCrossingInstruction(context)],
    [0.5, () => emitTimer(context)],
    [context.isTranslated ? 1 : 0, () => emitTableChange(context)],
    [context.isTranslated ? 2 : 0, () => emitMappingChange(context)],
    [context.mode === 'M' ? 0.5 : 0, () => emitProtection(context)],
  ])();
}

/** Into another mode and back. */
function emitExcursion(context: Context): void {
  const groups = 1 + context.random.below(4);
  emitSegment(context, groups, () => emitPlainPiece(context));
}

class Loop {
  readonly counter: number;
  readonly #context: Context;
  readonly #depth: number;
  readonly #exits: number[] = [];
  readonly #callee: Callee | undefined;

  constructor(context: Context, depth: number) {
    this.#context = context;
    this.#depth = depth;
    this.counter = counterRegister(context);
    context.reserved.add(this.counter);
    this.#callee = context.random.chance(0.4) ? emitFunction(context) : undefined;
  }

  emit(): void {
    const { random, asm, reserved } = this.#context;
    const rounds = 2 + random.below(this.#depth === 0 ? 16 : 4);
    asm.word(e.addi(this.counter, 0, rounds), 'addi');
    // A way into the loop's middle makes it irreducible.
    const entry = random.chance(0.2) ? asm.here : undefined;
    if (entry !== undefined) asm.word(0, 'jal');
    const top = asm.here;
    const pieces = 1 + random.below(4);
    for (let piece = 0; piece < pieces && asm.here - top < REACH / 2; piece++) {
      if (entry !== undefined && piece === pieces - 1) asm.patchWord(entry, e.jal(0, asm.here - entry));
      this.#emitPiece();
    }
    if (entry !== undefined) asm.patchWord(entry, e.jal(0, asm.here - entry));
    this.#emitEnd(top);
    for (const exit of this.#exits) asm.patchWord(exit, e.jal(0, asm.here - exit));
    reserved.delete(this.counter);
  }

  #emitEnd(top: number): void {
    const { random, asm } = this.#context;
    asm.word(e.addi(this.counter, this.counter, -1), 'addi');
    if (asm.here - top < REACH && random.chance(0.2)) {
      asm.word(e.blt(0, this.counter, top - asm.here), 'blt');
      return;
    }
    asm.word(e.typeB(5)(0, this.counter, 8), 'bge');
    asm.word(e.jal(0, top - asm.here), 'jal');
  }

  /** Leaves the loop early, when the counter has come to a number. */
  #emitExit(): void {
    const { random, asm } = this.#context;
    const register = this.#context.nonzeroDestination();
    asm.word(e.addi(register, this.counter, -1 - random.below(6)), 'addi');
    asm.word(e.bne(register, 0, 8), 'bne');
    this.#exits.push(asm.here);
    asm.word(0, 'jal');
  }

  #emitPiece(): void {
    const context = this.#context;
    const callee = this.#callee;
    const isMachine = context.mode === 'M';
    context.random.weighted<() => void>([
      [26, () => emitPlainPiece(context)],
      [2, () => this.#emitExit()],
      [callee === undefined ? 0 : 4, () => emitCall(context, callee as Callee)],
      [this.#depth < MAX_DEPTH ? 2 : 0, () => new Loop(context, this.#depth + 1).emit()],
      [isMachine && this.#depth === 0 ? 1 : 0, () => emitExcursion(context)],
    ])();
  }
}

/** A nest of loops. */
export function emitHotLoop(context: Context): void {
  if (context.asm.hasFreeSlots) new Loop(context, 0).emit();
}
