// What the emitters of instruction groups share: the random stream, the assembler and the mode that the code runs in.
import type { Assembler } from './assembler.ts';
import { RESUME_REGISTER } from './memory-layout.ts';
import type { Random } from './random.ts';
import { specialFloat, specialInteger } from './special-values.ts';

export type Mode = 'M' | 'S' | 'U';

/** The classes of `--class`, each a family of instruction groups. */
export const groupClasses = [
  'integer',
  'multiply',
  'float',
  'atomic',
  'compressed',
  'memory',
  'control',
  'loop',
  'call',
  'graph',
  'csr',
  'trap',
  'decode',
  'self-modifying',
  'privileged',
  'mapping',
  'protection',
  'interrupt',
  'timer',
] as const;
export type GroupClass = (typeof groupClasses)[number];

const INTEGER_SLOTS = 200;
const FLOAT_SLOTS = 300;

/** The generator's state while it emits one program. */
export class Context {
  readonly random: Random;
  readonly asm: Assembler;
  mode: Mode = 'M';
  /** Whether addresses are translated in the current mode. */
  isTranslated = false;
  /** Whether S mode may change satp and fence (mstatus.TVM does not forbid it). */
  canFence = true;
  /** Registers that the group around must keep. */
  readonly reserved = new Set<number>();

  constructor(random: Random, asm: Assembler) {
    this.random = random;
    this.asm = asm;
    for (let slot = 0; slot < INTEGER_SLOTS; slot++) asm.appendSlot(specialInteger(random));
    for (let slot = 0; slot < FLOAT_SLOTS; slot++) asm.appendSlot(specialFloat(random));
  }

  /** Any register as a source. */
  source(): number {
    return this.random.below(32);
  }

  /** A register that may be written: x0 now and then, never one that is reserved. */
  destination(): number {
    for (;;) {
      const register = this.random.below(32);
      if (register !== RESUME_REGISTER && !this.reserved.has(register)) return register;
    }
  }

  /** As `destination`, for forms in which x0 means something else. */
  nonzeroDestination(): number {
    for (;;) {
      const register = this.destination();
      if (register !== 0) return register;
    }
  }

  /** A register that keeps a pointer across a trap. */
  pointer(): number {
    for (;;) {
      const register = 1 + this.random.below(26);
      if (!this.reserved.has(register)) return register;
    }
  }

  /** One of x8–x15, for compressed forms. */
  compressedPointer(): number {
    for (;;) {
      const register = 8 + this.random.below(8);
      if (!this.reserved.has(register)) return register;
    }
  }

  floatRegister(): number {
    return this.random.below(32);
  }

  /** Puts a special value into an integer register. */
  loadInteger(rd: number): void {
    this.asm.loadSlot(rd, this.random.below(INTEGER_SLOTS));
  }

  /** The table slot of a special floating-point value. */
  floatSlot(): number {
    return INTEGER_SLOTS + this.random.below(FLOAT_SLOTS);
  }
}
