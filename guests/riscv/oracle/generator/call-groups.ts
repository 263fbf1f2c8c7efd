// Random call graphs: functions that call each other and themselves by jal, through registers and jump tables, return to
// other places than the instruction behind the call, end in calls, and give up their caller's frame.
// (RISC-V Unprivileged 20240411 §2.5.1 says which jumps are calls and returns.)
//
// Each function takes one from a counter and returns at once when nothing is left, so that every graph comes to an end.
// A function that calls others keeps its link at sp in a frame of 16 bytes. Below the first frame lie some more whose link
// is the end of the round, for those who give up frames that are not theirs.
import type { Context } from './context.ts';
import { emitBody, emitControl } from './control-groups.ts';
import { counterRegister, emitCountedBy } from './counted-loop.ts';
import * as e from './encoding.ts';
import { emitFloat } from './float-groups.ts';
import { emitMultiply } from './integer-groups.ts';
import { emitAtomic, emitMemory } from './memory-groups.ts';
import { STACK_BASE, STACK_BYTES } from './memory-layout.ts';

const [RA, SP, T0] = [1, 2, 5];
const FRAME_BYTES = 16;
/** Frames that lead to the end of the round. */
const LANDING_FRAMES = 8;
/** Calls in a round at most: their frames fit into the stack. */
const MAX_CALLS = (STACK_BYTES - LANDING_FRAMES * FRAME_BYTES) / FRAME_BYTES - 1;
const JUMP_TABLE_ENTRIES = 4;

type Ending = 'return' | 'tail call' | 'give up frame';

interface FunctionShape {
  /** Register with the address to return to. */
  link: 1 | 5;
  hasFrame: boolean;
  /** Returns four bytes further on; behind each call of it is an instruction to be left out. */
  isSkipping: boolean;
  ending: Ending;
}

/** Things to be done once all functions have their places. */
type Patch = (places: readonly number[]) => void;

class CallGraph {
  readonly #context: Context;
  /** Calls left, rounds left, and the address of a function. */
  readonly #fuel: number;
  readonly #rounds: number;
  readonly #pointer: number;
  readonly #shapes: FunctionShape[];
  readonly #patches: Patch[] = [];
  readonly #places: number[] = [];

  constructor(context: Context) {
    const { random, reserved } = context;
    this.#context = context;
    const reserve = (register: number): number => {
      reserved.add(register);
      return register;
    };
    this.#fuel = reserve(counterRegister(context));
    this.#rounds = reserve(counterRegister(context));
    this.#pointer = reserve(counterRegister(context));
    for (const register of [RA, SP, T0]) reserve(register);
    this.#shapes = Array.from({ length: 2 + random.below(5) }, () => {
      const hasFrame = random.chance(0.75);
      return {
        link: random.chance(0.75) ? RA : T0,
        hasFrame,
        isSkipping: random.chance(0.2),
        ending: random.weighted<Ending>([
          [6, 'return'],
          [2, 'tail call'],
          [hasFrame ? 1 : 0.5, 'give up frame'],
        ]),
      } as FunctionShape;
    });
  }

  emit(): void {
    const { random, asm, reserved } = this.#context;
    const jump = asm.here;
    asm.word(0, 'jal');
    for (const shape of this.#shapes) this.#emitFunction(shape);
    asm.patchWord(jump, e.jal(0, asm.here - jump));
    const first = random.below(this.#shapes.length);
    this.#emitAddress(this.#pointer, first);
    const others = this.#alike(first);
    emitCountedBy(this.#context, this.#rounds, 2 + random.below(random.chance(0.2) ? 40 : 8), () =>
      this.#emitRound(first, random.pick(others)),
    );
    for (const patch of this.#patches) patch(this.#places);
    for (const register of [RA, SP, T0, this.#fuel, this.#rounds, this.#pointer]) reserved.delete(register);
  }

  /** Functions that may be called in a function's place. */
  #alike(index: number): number[] {
    const { link, isSkipping } = this.#shapes[index]!;
    return this.#shapes.flatMap((shape, other) =>
      shape.link === link && shape.isSkipping === isSkipping ? [other] : [],
    );
  }

  /** Sets the stack up, makes some calls, and changes which function the pointer is of. */
  #emitRound(first: number, other: number): void {
    const { random, asm } = this.#context;
    asm.loadAddress(SP, STACK_BASE + STACK_BYTES - LANDING_FRAMES * FRAME_BYTES);
    const address = asm.here;
    asm.word(e.auipc(RA, 0), 'auipc');
    asm.word(0, 'addi');
    for (let frame = 0; frame < LANDING_FRAMES; frame++) asm.word(e.sd(RA, SP, frame * FRAME_BYTES), 'sd');
    const calls = random.weighted([
      [6, 1 + random.below(30)],
      [1, MAX_CALLS - random.below(20)],
    ]);
    asm.word(e.addi(this.#fuel, 0, calls), 'addi');
    for (let count = 1 + random.below(2); count > 0; count--)
      if (random.chance(0.6)) this.#emitPointerCall(first);
      else this.#emitCall(random.below(this.#shapes.length));
    asm.patchWord(address + 4, e.addi(RA, RA, asm.here - address));
    this.#emitOtherPointer(this.#places[first]! ^ this.#places[other]!);
  }

  #emitOtherPointer(difference: number): void {
    const { asm } = this.#context;
    const register = this.#context.pointer();
    asm.loadConstant(register, BigInt(difference));
    asm.word(e.typeR(0x33, 4, 0)(this.#pointer, this.#pointer, register), 'xor');
  }

  /** rd = a function's address, which may not be known yet. */
  #emitAddress(rd: number, index: number): void {
    const { asm } = this.#context;
    const at = asm.here;
    asm.word(e.auipc(rd, 0), 'auipc');
    asm.word(0, 'addi');
    this.#patches.push((places) => {
      const offset = places[index]! - at;
      const low = e.signed(offset, 12);
      asm.patchWord(at, e.auipc(rd, (offset - low) >> 12));
      asm.patchWord(at + 4, e.addi(rd, rd, low));
    });
  }

  #emitJump(rd: number, index: number): void {
    const { asm } = this.#context;
    const at = asm.here;
    asm.word(0, 'jal');
    this.#patches.push((places) => asm.patchWord(at, e.jal(rd, places[index]! - at)));
  }

  #emitSkipped({ isSkipping }: FunctionShape): void {
    if (isSkipping) this.#context.asm.word(e.addi(this.#context.destination(), 0, 1), 'addi skipped');
  }

  #emitCall(index: number): void {
    const { random, asm } = this.#context;
    const shape = this.#shapes[index]!;
    if (random.chance(0.6)) this.#emitJump(shape.link, index);
    else {
      const register = random.chance(0.5) ? shape.link : this.#context.pointer();
      this.#emitAddress(register, index);
      asm.word(e.jalr(shape.link, register, 0), 'jalr call');
    }
    this.#emitSkipped(shape);
  }

  /** Calls whatever function the pointer is of; it is like `index`. */
  #emitPointerCall(index: number): void {
    const shape = this.#shapes[index]!;
    this.#context.asm.word(e.jalr(shape.link, this.#pointer, 0), 'jalr call by pointer');
    this.#emitSkipped(shape);
  }

  #emitFunction(shape: FunctionShape): void {
    const { random, asm } = this.#context;
    const { link, hasFrame } = shape;
    this.#places.push(asm.here);
    asm.word(e.addi(this.#fuel, this.#fuel, -1), 'addi');
    const out = asm.here;
    asm.word(0, 'blt');
    if (hasFrame) {
      asm.word(e.addi(SP, SP, -FRAME_BYTES), 'addi');
      asm.word(e.sd(link, SP, 0), 'sd');
    }
    for (let pieces = 1 + random.below(3); pieces > 0; pieces--) this.#emitPiece(shape);
    if (hasFrame) {
      asm.word(e.ld(link, SP, 0), 'ld');
      asm.word(e.addi(SP, SP, FRAME_BYTES), 'addi');
    }
    this.#emitEnding(shape);
    asm.patchWord(out, e.blt(this.#fuel, 0, asm.here - out));
    asm.word(e.jalr(0, link, shape.isSkipping ? 4 : 0), 'ret');
  }

  #emitPiece({ hasFrame }: FunctionShape): void {
    const context = this.#context;
    context.random.weighted<() => void>([
      [4, () => emitBody(context)],
      [2, () => emitMemory(context)],
      [1, () => emitFloat(context)],
      [1, () => emitMultiply(context)],
      [0.5, () => emitAtomic(context)],
      [2, () => emitControl(context)],
      [2, () => this.#emitJumpTable()],
      [hasFrame ? 5 : 0, () => this.#emitCall(context.random.below(this.#shapes.length))],
      [hasFrame ? 1 : 0, () => this.#emitJumpByReturn()],
      [hasFrame ? 1 : 0, () => this.#emitSwap()],
    ])();
  }

  #emitEnding(shape: FunctionShape): void {
    const { random, asm } = this.#context;
    const { link, isSkipping, ending } = shape;
    if (ending === 'give up frame') {
      asm.word(e.ld(link, SP, 0), 'ld');
      asm.word(e.addi(SP, SP, FRAME_BYTES), 'addi');
      asm.word(e.jalr(0, link, 0), 'ret to another');
    } else if (ending === 'tail call') {
      const index = random.pick(this.#alike(this.#shapes.indexOf(shape)));
      if (random.chance(0.6)) this.#emitJump(0, index);
      else {
        const register = this.#context.pointer();
        this.#emitAddress(register, index);
        asm.word(e.jalr(0, register, 0), 'jalr tail call');
      }
    } else asm.word(e.jalr(0, link, isSkipping ? 4 : 0), 'ret');
  }

  /** Goes to one of some places by what is left in the counter. */
  #emitJumpTable(): void {
    const { random, asm } = this.#context;
    const index = counterRegister(this.#context);
    this.#context.reserved.add(index);
    const base = this.#context.pointer();
    this.#context.reserved.delete(index);
    asm.word(e.andi(index, this.#fuel, JUMP_TABLE_ENTRIES - 1), 'andi');
    asm.word(e.slli(index, index, 3), 'slli');
    const at = asm.here;
    asm.word(e.auipc(base, 0), 'auipc');
    asm.word(e.add(base, base, index), 'add');
    asm.word(e.jalr(0, base, 12), 'jalr to a table');
    const exits: number[] = [];
    for (let entry = 0; entry < JUMP_TABLE_ENTRIES; entry++) {
      asm.moveTo(at + 12 + 8 * entry);
      asm.word(e.addi(this.#context.destination(), this.#context.source(), random.below(2048)), 'addi');
      exits.push(asm.here);
      asm.word(0, 'jal');
    }
    for (const exit of exits) asm.patchWord(exit, e.jal(0, asm.here - exit));
  }

  /** A forward jump that looks like a return. */
  #emitJumpByReturn(): void {
    const { asm } = this.#context;
    const at = asm.here;
    asm.word(e.auipc(RA, 0), 'auipc');
    asm.word(0, 'addi');
    asm.word(e.jalr(0, RA, 0), 'ret as a jump');
    emitBody(this.#context);
    asm.patchWord(at + 4, e.addi(RA, RA, asm.here - at));
  }

  /** Two pieces of code that go on in turn, each with its place in the other's link. */
  #emitSwap(): void {
    const { asm } = this.#context;
    const start = asm.here;
    asm.word(0, 'jal');
    emitBody(this.#context);
    asm.word(e.jalr(T0, RA, 0), 'jalr swap');
    emitBody(this.#context);
    const end = asm.here;
    asm.word(0, 'jal');
    asm.patchWord(start, e.jal(T0, asm.here - start));
    emitBody(this.#context);
    asm.word(e.jalr(RA, T0, 0), 'jalr swap');
    emitBody(this.#context);
    asm.word(e.jalr(0, T0, 0), 'ret');
    asm.patchWord(end, e.jal(0, asm.here - end));
  }
}

/** A call graph that is run a number of times. */
export function emitCallGraph(context: Context): void {
  const { asm, reserved } = context;
  if (!asm.hasFreeSlots || [RA, SP, T0].some((register) => reserved.has(register))) return;
  new CallGraph(context).emit();
}
