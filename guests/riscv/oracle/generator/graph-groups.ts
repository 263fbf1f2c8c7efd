// Random control-flow graphs: blocks that branch and jump to any others, so that loops have several ways in, and long rows
// of short blocks, of which units can hold only some. A counter brings each graph to its end.
import type { Context } from './context.ts';
import { conditions, emitBody } from './control-groups.ts';
import { counterRegister } from './counted-loop.ts';
import * as e from './encoding.ts';
import { emitFloat } from './float-groups.ts';
import { emitMultiply } from './integer-groups.ts';
import { emitMemory } from './memory-groups.ts';

/** What a conditional branch reaches, with room for the last block. */
const REACH = 3200;

class Graph {
  readonly #context: Context;
  readonly #fuel: number;
  readonly #blocks: number;
  readonly #places: number[] = [];
  readonly #patches: (() => void)[] = [];

  constructor(context: Context, fuel: number) {
    this.#context = context;
    this.#fuel = fuel;
    this.#blocks = 3 + context.random.below(14);
  }

  emit(): void {
    const { asm, random } = this.#context;
    const start = asm.here;
    if (random.chance(0.5)) this.#emitJump();
    for (let block = 0; block < this.#blocks; block++) {
      this.#places.push(asm.here);
      if (asm.here - start < REACH) this.#emitBlock();
    }
    this.#places.push(asm.here);
    for (const patch of this.#patches) patch();
  }

  /** Where a block begins; the one behind the last is the graph's end. */
  #placeOf(block: number): number {
    return this.#places[block]!;
  }

  /** Leaves a word at the current place to be written when all places are known. */
  #emitLater(name: string, encode: (at: number) => number): void {
    const { asm } = this.#context;
    const at = asm.here;
    asm.word(0, name);
    this.#patches.push(() => asm.patchWord(at, encode(at)));
  }

  #emitJump(): void {
    const target = this.#context.random.below(this.#blocks);
    this.#emitLater('jal', (at) => e.jal(0, this.#placeOf(target) - at));
  }

  #emitBranch(): void {
    const { random } = this.#context;
    const target = random.below(this.#blocks);
    const [name, funct3] = random.pick(conditions);
    const [rs1, rs2] = [random.chance(0.4) ? this.#fuel : this.#context.source(), this.#context.source()];
    this.#emitLater(name, (at) => e.typeB(funct3)(rs1, rs2, this.#placeOf(target) - at));
  }

  #emitIndirect(): void {
    const { asm, random } = this.#context;
    const [register, target] = [this.#context.pointer(), random.below(this.#blocks)];
    const at = asm.here;
    const offset = (): number => this.#placeOf(target) - at;
    this.#emitLater('auipc', () => e.auipc(register, (offset() - e.signed(offset(), 12)) >> 12));
    this.#emitLater('addi', () => e.addi(register, register, e.signed(offset(), 12)));
    asm.word(e.jalr(random.pick([0, 0, 0, register]), register, 0), 'jalr in a graph');
  }

  #emitBlock(): void {
    const context = this.#context;
    const { asm, random } = context;
    asm.word(e.addi(this.#fuel, this.#fuel, -1), 'addi');
    this.#emitLater('bge', (at) => e.typeB(5)(0, this.#fuel, this.#placeOf(this.#blocks) - at));
    random.weighted<() => void>([
      [6, () => emitBody(context)],
      [3, () => emitMemory(context)],
      [1, () => emitFloat(context)],
      [1, () => emitMultiply(context)],
      [1, () => {}],
    ])();
    random.weighted<() => void>([
      [6, () => this.#emitBranch()],
      [3, () => this.#emitJump()],
      [1, () => this.#emitIndirect()],
      [2, () => {}],
      [
        2,
        () => {
          this.#emitBranch();
          this.#emitBranch();
        },
      ],
    ])();
  }
}

/** More short blocks in a row than units hold, in a loop. */
function emitRow(context: Context, fuel: number): void {
  const { asm, random } = context;
  const top = asm.here;
  for (let blocks = 20 + random.below(100); blocks > 0; blocks--) {
    const at = asm.here;
    const [name, funct3] = random.pick(conditions);
    asm.word(0, name);
    const taken = random.below(3);
    for (let count = 0; count < 1 + taken; count++)
      asm.word(e.addi(context.destination(), context.source(), random.below(2048)), 'addi');
    asm.patchWord(
      at,
      e.typeB(funct3)(context.source(), context.source(), asm.here - at - (taken === 2 ? 4 : 0)),
    );
  }
  asm.word(e.addi(fuel, fuel, -1), 'addi');
  asm.word(e.beq(fuel, 0, 8), 'beq');
  asm.word(e.jal(0, top - asm.here), 'jal');
}

/** A graph that is gone through until the counter is used up. */
export function emitGraph(context: Context): void {
  const { asm, random, reserved } = context;
  const fuel = counterRegister(context);
  reserved.add(fuel);
  if (random.chance(0.85)) {
    asm.word(e.addi(fuel, 0, 10 + random.below(150)), 'addi');
    new Graph(context, fuel).emit();
  } else {
    asm.word(e.addi(fuel, 0, 2 + random.below(6)), 'addi');
    emitRow(context, fuel);
  }
  reserved.delete(fuel);
}
