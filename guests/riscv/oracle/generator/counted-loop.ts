// Loops with a counter that nothing in them changes.
import type { Context } from './context.ts';
import * as e from './encoding.ts';

/** A counter that no group writes by number. */
export function counterRegister(context: Context): number {
  for (;;) {
    const register = 16 + context.random.below(11);
    if (!context.reserved.has(register)) return register;
  }
}

/** A loop of `rounds` rounds around a body that may be of any length. */
export function emitCounted(context: Context, rounds: number, emitBody: () => void): void {
  const counter = counterRegister(context);
  context.reserved.add(counter);
  emitCountedBy(context, counter, rounds, emitBody);
  context.reserved.delete(counter);
}

/** As emitCounted, by a register that is reserved already. */
export function emitCountedBy(context: Context, counter: number, rounds: number, emitBody: () => void): void {
  const { asm } = context;
  asm.word(e.addi(counter, 0, rounds), 'addi');
  const top = asm.here;
  emitBody();
  asm.word(e.addi(counter, counter, -1), 'addi');
  if (asm.here - top < 4000) asm.word(e.bne(counter, 0, top - asm.here), 'bne');
  else {
    asm.word(e.beq(counter, 0, 8), 'beq');
    asm.word(e.jal(0, top - asm.here), 'jal');
  }
}
