// A bare-metal program for the RV64 machine that is a hostile virtio driver: it sets up the console's transmit queue
// (virtio 1.3 §4.2.2, §2.7) with one chain that it was told to make, kicks the device, and powers off; or says that it
// failed, where a word of its memory is no longer zero that no device was told of.
import { buildElf } from '../../riscv/oracle/elf.ts';
import { Assembler } from '../../riscv/oracle/generator/assembler.ts';
import * as e from '../../riscv/oracle/generator/encoding.ts';

const BASE = 0x8000_0000;
const TOHOST = BASE + 0x1000;
const UNTOUCHED = BASE + 0x1800;
const TABLE = BASE + 0x2000;
const DRIVER_RING = TABLE + 0x100;
const DEVICE_RING = TABLE + 0x200;
const IMAGE_BYTES = 0x3000;
const CONSOLE_SLOT = 0x1000_1000;
const QUEUE_SIZE = 8;

export interface Descriptor {
  address: number;
  length: number;
  /** Index of the descriptor that follows. */
  next?: number;
  /** For the device to write to. */
  isWritable?: boolean;
}

const FLAG_NEXT = 1;
const FLAG_WRITE = 2;
const sltu = e.typeR(0x33, 3, 0);

/** Registers of the MMIO transport, in the order in which a driver writes them. */
const steps: readonly (readonly [register: number, value: number])[] = [
  [0x70, 0],
  [0x70, 3],
  [0x24, 1],
  [0x20, 1],
  [0x70, 11],
  [0x30, 1],
  [0x38, QUEUE_SIZE],
  [0x80, TABLE],
  [0x90, DRIVER_RING],
  [0xa0, DEVICE_RING],
  [0x44, 1],
  [0x70, 15],
  [0x50, 1],
];

/** @returns the ELF file */
export function virtioProgram(chain: readonly Descriptor[]): Uint8Array {
  const asm = new Assembler();
  asm.word(e.lui(5, CONSOLE_SLOT >>> 12), 'lui');
  for (const [register, value] of steps) {
    loadWord(asm, 6, value);
    asm.word(e.sw(6, 5, register), 'sw');
  }
  asm.loadAddress(7, TOHOST);
  asm.word(e.lw(6, 7, UNTOUCHED - TOHOST), 'lw');
  // tohost: 1 for passed, 3 for a failure whose code is 1.
  asm.word(sltu(6, 0, 6), 'sltu');
  asm.word(e.slli(6, 6, 1), 'slli');
  asm.word(e.addi(6, 6, 1), 'addi');
  asm.word(e.sw(6, 7, 0), 'sw');
  asm.word(e.sw(0, 7, 4), 'sw');
  asm.word(e.jal(0, 0), 'jal');
  const image = new Uint8Array(IMAGE_BYTES);
  image.set(asm.code.subarray(0, TOHOST - BASE));
  putChain(new DataView(image.buffer), chain);
  return buildElf(image, { tohost: TOHOST });
}

/** A value whose low 32 bits matter. */
function loadWord(asm: Assembler, register: number, value: number): void {
  asm.word(e.lui(register, ((value + 0x800) >>> 12) & 0xf_ffff), 'lui');
  asm.word(e.addi(register, register, value & 0xfff), 'addi');
}

function putChain(view: DataView, chain: readonly Descriptor[]): void {
  chain.forEach(({ address, length, next, isWritable }, index) => {
    const at = TABLE - BASE + 16 * index;
    view.setBigUint64(at, BigInt(address), true);
    view.setUint32(at + 8, length, true);
    view.setUint16(at + 12, (next === undefined ? 0 : FLAG_NEXT) | (isWritable ? FLAG_WRITE : 0), true);
    view.setUint16(at + 14, next ?? 0, true);
  });
  // One chain is offered: that of descriptor 0.
  view.setUint16(DRIVER_RING - BASE + 2, 1, true);
}
