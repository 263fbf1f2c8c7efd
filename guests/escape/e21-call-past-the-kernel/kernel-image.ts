// A kernel Image of a few instructions, with one program in user mode: what the program's environment calls reach is
// what the attempt is about (RISC-V Privileged 20241101 §3.3.1; SBI 2.0, chapter 5: the legacy console and shutdown).
import * as asm from '../../riscv/machine/testing/assembler.ts';

const HEADER_BYTES = 64;
const TEXT_OFFSET = 0x20_0000;
const IMAGE_BYTES = 4096;
const PUTCHAR = 1;
const SHUTDOWN = 8;
const SSTATUS = 0x100;
const STVEC = 0x105;
const SEPC = 0x141;
const SSTATUS_SPP = 0x100;
const [T0, T1, A0, A7] = [5, 6, 10, 17];

/** A routine that prints one character and then ends the machine, by environment calls. */
const say = (character: string): number[] => [
  asm.addi(A7, 0, PUTCHAR),
  asm.addi(A0, 0, character.charCodeAt(0)),
  asm.ECALL,
  asm.addi(A0, 0, '\n'.charCodeAt(0)),
  asm.ECALL,
  asm.addi(A7, 0, SHUTDOWN),
  asm.ECALL,
  asm.jal(0, 0),
];

/** In user mode the program says U. Its calls trap to the kernel, which says S. */
export function kernelImage(): Buffer {
  const kernel = say('S');
  const program = say('U');
  const set = (csr: number, offset: number): number[] => [
    asm.auipc(T0, 0),
    asm.addi(T0, T0, offset),
    asm.csrrw(0, csr, T0),
  ];
  // 3 + 3 instructions set stvec and sepc, 3 leave for user mode.
  const startBytes = 9 * 4;
  const code = [
    ...set(STVEC, startBytes),
    ...set(SEPC, startBytes - 3 * 4 + kernel.length * 4),
    asm.addi(T1, 0, SSTATUS_SPP),
    asm.csrrc(0, SSTATUS, T1),
    asm.SRET,
    ...kernel,
    ...program,
  ];
  const image = Buffer.alloc(IMAGE_BYTES);
  image.writeUInt32LE(asm.jal(0, HEADER_BYTES), 0);
  image.writeBigUInt64LE(BigInt(TEXT_OFFSET), 8);
  image.writeBigUInt64LE(BigInt(IMAGE_BYTES), 16);
  image.write('RSC\x05', 56, 'latin1');
  for (const [index, word] of code.entries()) image.writeUInt32LE(word, HEADER_BYTES + index * 4);
  return image;
}
