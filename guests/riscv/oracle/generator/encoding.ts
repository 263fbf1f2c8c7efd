// Encoders of the RISC-V base formats (RISC-V Unprivileged 20240411 §2.2–2.6, §20, §27): written for the generator
// alone, so that an error in the machine's instruction tables cannot repeat itself here.

export const typeR =
  (opcode: number, funct3: number, funct7: number) => (rd: number, rs1: number, rs2: number) =>
    ((funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode) >>> 0;

export const typeI = (opcode: number, funct3: number) => (rd: number, rs1: number, immediate: number) =>
  ((immediate << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode) >>> 0;

export const typeS = (opcode: number, funct3: number) => (rs2: number, rs1: number, immediate: number) =>
  (((immediate >> 5) << 25) |
    (rs2 << 20) |
    (rs1 << 15) |
    (funct3 << 12) |
    ((immediate & 31) << 7) |
    opcode) >>>
  0;

export const typeB = (funct3: number) => (rs1: number, rs2: number, offset: number) =>
  ((((offset >> 12) & 1) << 31) |
    (((offset >> 5) & 0x3f) << 25) |
    (rs2 << 20) |
    (rs1 << 15) |
    (funct3 << 12) |
    (((offset >> 1) & 0xf) << 8) |
    (((offset >> 11) & 1) << 7) |
    0x63) >>>
  0;

export const typeU = (opcode: number) => (rd: number, upper20: number) =>
  (((upper20 & 0xfffff) << 12) | (rd << 7) | opcode) >>> 0;

export const jal = (rd: number, offset: number): number =>
  ((((offset >> 20) & 1) << 31) |
    (((offset >> 1) & 0x3ff) << 21) |
    (((offset >> 11) & 1) << 20) |
    (((offset >> 12) & 0xff) << 12) |
    (rd << 7) |
    0x6f) >>>
  0;

export const lui = typeU(0x37);
export const auipc = typeU(0x17);
export const addi = typeI(0x13, 0);
export const addiw = typeI(0x1b, 0);
export const andi = typeI(0x13, 7);
export const sltiu = typeI(0x13, 3);
export const slli = typeI(0x13, 1);
export const srli = typeI(0x13, 5);
export const or = typeR(0x33, 6, 0);
export const and = typeR(0x33, 7, 0);
export const add = typeR(0x33, 0, 0);
export const jalr = typeI(0x67, 0);
export const beq = typeB(0);
export const bne = typeB(1);
export const blt = typeB(4);
export const lhu = typeI(0x03, 5);
export const lw = typeI(0x03, 2);
export const ld = typeI(0x03, 3);
export const fld = typeI(0x07, 3);
export const flw = typeI(0x07, 2);
export const sw = typeS(0x23, 2);
export const sh = typeS(0x23, 1);
export const sd = typeS(0x23, 3);

/** csrrw and the like: `(rd, source register or 5-bit immediate, csr)`. */
export const csr = (funct3: number) => (rd: number, source: number, address: number) =>
  ((address << 20) | (source << 15) | (funct3 << 12) | (rd << 7) | 0x73) >>> 0;
export const csrrw = csr(1);
export const csrrs = csr(2);
export const csrrc = csr(3);
export const csrrwi = csr(5);
export const csrrsi = csr(6);

export const ECALL = 0x0000_0073;
export const EBREAK = 0x0010_0073;
export const MRET = 0x3020_0073;
export const SRET = 0x1020_0073;
export const WFI = 0x1050_0073;
export const FENCE_I = 0x0000_100f;
export const SFENCE_VMA_ALL = 0x1200_0073;
export const sfenceVma = (rs1: number, rs2: number): number => typeR(0x73, 0, 9)(0, rs1, rs2);

/** Spreads the bits of a compressed immediate: each pair says which immediate bit goes to which instruction bit. */
export const scatter = (value: number, places: readonly (readonly [from: number, to: number])[]): number =>
  places.reduce((word, [from, to]) => word | (((value >> from) & 1) << to), 0);

/** A value of `bits` bits as a signed number. */
export const signed = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);
