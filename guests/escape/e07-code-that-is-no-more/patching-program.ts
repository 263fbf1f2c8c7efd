// A function that adds a number to a sum, and is patched again and again to add another one. Fails by how much the sum is
// not what it would be on a processor that sees its code after fence.i (RISC-V Unprivileged 20240411, §5).
import * as e from '../../riscv/oracle/generator/encoding.ts';
import { BareProgram, sub } from '../stage/bare-program.ts';

const [SUM, PATCH, LEFT, AT, INSTRUCTION, NEXT_INSTRUCTION] = [12, 5, 6, 7, 8, 9];
const LINK = 1;
const NOP = e.addi(0, 0, 0);
/** `addi SUM, SUM, n`: n is in bits 31 to 20. */
const ONE_MORE = e.addi(0, 0, 1) - NOP;

export function patchingProgram(patches: number, calls: number): Uint8Array {
  const program = new BareProgram();
  const skip = program.later();
  const called = program.here;
  // What is patched is not where a unit would begin, which the interpreter's own bookkeeping covers.
  program.put(NOP, NOP, NOP, NOP);
  const patched = program.here;
  program.put(e.addi(SUM, SUM, 0), e.jalr(0, LINK, 0));
  skip(e.jal(0, program.here - called + 4));

  program.loadAddress(AT, patched);
  program.put(e.lw(INSTRUCTION, AT, 0));
  program.loadWord(NEXT_INSTRUCTION, ONE_MORE);
  program.loadWord(PATCH, patches);
  const nextPatch = program.here;
  program.put(e.add(INSTRUCTION, INSTRUCTION, NEXT_INSTRUCTION), e.sw(INSTRUCTION, AT, 0), e.FENCE_I);
  program.loadWord(LEFT, calls);
  program.put(e.jal(LINK, called - program.here), e.addi(LEFT, LEFT, -1), e.bne(LEFT, 0, -8));
  program.put(e.addi(PATCH, PATCH, -1));
  program.put(e.bne(PATCH, 0, nextPatch - program.here));

  program.loadWord(LEFT, (calls * patches * (patches + 1)) / 2);
  program.put(sub(SUM, LEFT, SUM));
  program.endBy(SUM);
  return program.elf();
}
