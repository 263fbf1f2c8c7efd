// Instruction encoders for tests, written from the manual's formats (RISC-V Unprivileged 20240411, §2.2) and not from
// guests/riscv/isa, so that a mistake there shows. Registers are numbers: a0 is 10, sp is 2.

const word = (value: number): number => value >>> 0;

const r =
  (opcode: number, funct3: number, funct7: number) =>
  (rd: number, rs1: number, rs2: number): number =>
    word((funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode);

const i =
  (opcode: number, funct3: number) =>
  (rd: number, rs1: number, immediate: number): number =>
    word(((immediate & 0xfff) << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode);

const s =
  (funct3: number) =>
  (rs2: number, rs1: number, immediate: number): number =>
    word(
      (((immediate >> 5) & 0x7f) << 25) |
        (rs2 << 20) |
        (rs1 << 15) |
        (funct3 << 12) |
        ((immediate & 31) << 7) |
        0x23,
    );

const b =
  (funct3: number) =>
  (rs1: number, rs2: number, offset: number): number =>
    word(
      (((offset >> 12) & 1) << 31) |
        (((offset >> 5) & 0x3f) << 25) |
        (rs2 << 20) |
        (rs1 << 15) |
        (funct3 << 12) |
        (((offset >> 1) & 15) << 8) |
        (((offset >> 11) & 1) << 7) |
        0x63,
    );

const u =
  (opcode: number) =>
  (rd: number, upper: number): number =>
    word((upper << 12) | (rd << 7) | opcode);

const amo = (funct5: number, funct3: number) => r(0x2f, funct3, funct5 << 2);

export const addi = i(0x13, 0);
export const add = r(0x33, 0, 0);
export const slli = i(0x13, 1);
export const sltiu = i(0x13, 3);
export const xori = i(0x13, 4);
export const andi = i(0x13, 7);
export const lui = u(0x37);
export const auipc = u(0x17);
export const lb = i(0x03, 0);
export const lh = i(0x03, 1);
export const lw = i(0x03, 2);
export const ld = i(0x03, 3);
export const lbu = i(0x03, 4);
export const lhu = i(0x03, 5);
export const lwu = i(0x03, 6);
export const sb = s(0);
export const sh = s(1);
export const sw = s(2);
export const sd = s(3);
export const beq = b(0);
export const bne = b(1);
export const blt = b(4);
export const bge = b(5);
export const bltu = b(6);
export const bgeu = b(7);
export const jalr = i(0x67, 0);
export const csrrw = (rd: number, csr: number, rs1: number): number => i(0x73, 1)(rd, rs1, csr);
export const csrrs = (rd: number, csr: number, rs1: number): number => i(0x73, 2)(rd, rs1, csr);
export const csrrc = (rd: number, csr: number, rs1: number): number => i(0x73, 3)(rd, rs1, csr);
export const csrrwi = (rd: number, csr: number, value: number): number => i(0x73, 5)(rd, value, csr);
export const lrW = (rd: number, rs1: number): number => amo(2, 2)(rd, rs1, 0);
export const lrD = (rd: number, rs1: number): number => amo(2, 3)(rd, rs1, 0);
export const scW = amo(3, 2);
export const scD = amo(3, 3);
export const amoaddW = amo(0, 2);
export const amoaddD = amo(0, 3);
export const amomaxuW = amo(28, 2);
export const sfenceVma = (rs1: number, rs2: number): number => r(0x73, 0, 9)(0, rs1, rs2);

export const jal = (rd: number, offset: number): number =>
  word(
    (((offset >> 20) & 1) << 31) |
      (((offset >> 1) & 0x3ff) << 21) |
      (((offset >> 11) & 1) << 20) |
      (offset & 0xff000) |
      (rd << 7) |
      0x6f,
  );

export const NOP = 0x13;
export const FENCE_I = 0x100f;
export const ECALL = 0x73;
export const EBREAK = 0x100073;
export const SRET = 0x10200073;
export const MRET = 0x30200073;
export const WFI = 0x10500073;
