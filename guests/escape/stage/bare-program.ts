// Bare-metal programs for the RV64 machine, instruction by instruction (RISC-V Unprivileged 20240411): code, a page for
// `tohost` (guests/riscv/machine/bare-metal/htif.ts), data.
import { buildElf } from '../../riscv/oracle/elf.ts';
import { Assembler } from '../../riscv/oracle/generator/assembler.ts';
import * as e from '../../riscv/oracle/generator/encoding.ts';

export const PROGRAM_BASE = 0x8000_0000;
/** Where a program's data begins. */
export const DATA = PROGRAM_BASE + 0x2000;
const TOHOST = PROGRAM_BASE + 0x1000;
const IMAGE_BYTES = 0x4000;

export const sb = e.typeS(0x23, 0);
export const lbu = e.typeI(0x03, 4);
export const sub = e.typeR(0x33, 0, 0x20);
export const xor = e.typeR(0x33, 4, 0);

export class BareProgram {
  readonly #asm = new Assembler();
  readonly #image = new Uint8Array(IMAGE_BYTES);

  /** Address of the next instruction. */
  get here(): number {
    return this.#asm.here;
  }

  put(...instructions: number[]): void {
    for (const instruction of instructions) this.#asm.word(instruction, '');
  }

  /** A value of 32 bits, extended by its sign. */
  loadWord(register: number, value: number): void {
    this.put(
      e.lui(register, ((value + 0x800) >>> 12) & 0xf_ffff),
      e.addiw(register, register, value & 0xfff),
    );
  }

  /** An address in the program. */
  loadAddress(register: number, address: number): void {
    this.#asm.loadAddress(register, address);
  }

  /** Leaves room for one instruction. @returns what puts it there, once what it depends on is known */
  later(): (instruction: number) => void {
    const at = this.here;
    this.put(0);
    return (instruction) => this.#asm.patchWord(at, instruction);
  }

  /** Ends the program: well when the register is zero, otherwise as failed with its value. Spoils x30 and x31. */
  endBy(register: number): void {
    this.put(e.slli(30, register, 1), e.addi(30, 30, 1));
    this.loadAddress(31, TOHOST);
    this.put(e.sd(30, 31, 0), e.jal(0, 0));
  }

  /** What lies in memory when the program begins. */
  data(address: number, bytes: Uint8Array): void {
    this.#image.set(bytes, address - PROGRAM_BASE);
  }

  /** @returns the ELF file */
  elf(): Uint8Array {
    if (this.here > TOHOST) throw new RangeError('the program does not end before tohost');
    this.#image.set(this.#asm.code.subarray(0, this.here - PROGRAM_BASE));
    return buildElf(this.#image, { tohost: TOHOST });
  }
}
