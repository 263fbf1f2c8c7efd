// The trap handlers of a random program: they leave the evidence in the trap CSRs, skip the instruction and return.
// RISC-V Privileged 20240411 §3.1.7 (mtvec), §3.3.1–3.3.2, §12.1.
import type { Assembler } from './assembler.ts';
import { CSR } from './csr-names.ts';
import * as e from './encoding.ts';
import {
  MACHINE_HANDLER_REGISTERS,
  MACHINE_VECTOR,
  RESUME_REGISTER,
  SUPERVISOR_HANDLER_REGISTERS,
  SUPERVISOR_VECTOR,
} from './memory-layout.ts';

const resume = RESUME_REGISTER;
const VECTORS = 16;
const STATUS_MPRV = 0x20;

interface Level {
  vector: number;
  epc: number;
  cause: number;
  returnWord: number;
  name: string;
  /** Registers of its own: machine interrupts come in the midst of the supervisor's handler, too. */
  registers: readonly [number, number];
}

const machine: Level = {
  vector: MACHINE_VECTOR,
  epc: CSR.mepc,
  cause: CSR.mcause,
  returnWord: e.MRET,
  name: 'mret',
  registers: MACHINE_HANDLER_REGISTERS,
};
const supervisor: Level = {
  vector: SUPERVISOR_VECTOR,
  epc: CSR.sepc,
  cause: CSR.scause,
  returnWord: e.SRET,
  name: 'sret',
  registers: SUPERVISOR_HANDLER_REGISTERS,
};

/** Reserves a branch and returns the function that points it to where the code then is. */
function branchLater(asm: Assembler, encode: (offset: number) => number): () => void {
  const at = asm.here;
  asm.word(0, 'branch');
  return () => asm.patchWord(at, encode(asm.here - at));
}

function jumpTo(asm: Assembler, target: number): void {
  asm.word(e.jal(0, target - asm.here), 'jal');
}

/** rd = the offset in rs within the code, as an address in the alias that the handler runs in. */
function rebase(asm: Assembler, rd: number, other: number): void {
  asm.word(e.slli(rd, rd, 48), 'slli');
  asm.word(e.srli(rd, rd, 48), 'srli');
  asm.word(e.auipc(other, 0), 'auipc');
  asm.word(e.srli(other, other, 16), 'srli');
  asm.word(e.slli(other, other, 16), 'slli');
  asm.word(e.or(rd, rd, other), 'or');
}

function emitVectors(asm: Assembler, level: Level): void {
  asm.moveTo(level.vector);
  const common = level.vector + VECTORS * 4;
  for (let index = 0; index < VECTORS; index++) jumpTo(asm, common);
}

function emitReturn(asm: Assembler, level: Level, from: number): void {
  asm.word(e.csrrw(0, from, level.epc), 'csrrw');
  asm.word(level.returnWord, level.name);
}

/** Goes on at the resume register for fetch faults, else behind the instruction. */
function emitSkip(asm: Assembler, level: Level): void {
  const [a, b] = level.registers;
  asm.word(e.sltiu(a, b, 2), 'sltiu');
  const fetchFault = branchLater(asm, (offset) => e.bne(a, 0, offset));
  asm.word(e.addi(a, 0, 12), 'addi');
  const fetchPageFault = branchLater(asm, (offset) => e.beq(a, b, offset));
  asm.word(e.csrrs(b, 0, level.epc), 'csrrs');
  rebase(asm, b, a);
  asm.word(e.lhu(b, b, 0), 'lhu');
  asm.word(e.andi(b, b, 3), 'andi');
  asm.word(e.addi(b, b, 1), 'addi');
  asm.word(e.srli(b, b, 2), 'srli');
  asm.word(e.slli(b, b, 1), 'slli');
  asm.word(e.addi(b, b, 2), 'addi');
  asm.word(e.csrrs(a, 0, level.epc), 'csrrs');
  asm.word(e.add(a, a, b), 'add');
  emitReturn(asm, level, a);
  fetchFault();
  fetchPageFault();
  asm.word(e.andi(a, resume, -2), 'andi');
  emitReturn(asm, level, a);
}

function emitMachineHandler(asm: Assembler): void {
  const [a, b] = machine.registers;
  emitVectors(asm, machine);
  asm.word(e.lui(b, STATUS_MPRV), 'lui');
  asm.word(e.csrrc(0, b, CSR.mstatus), 'csrrc');
  asm.word(e.csrrs(b, 0, CSR.mcause), 'csrrs');
  const interrupt = branchLater(asm, (offset) => e.blt(b, 0, offset));
  asm.word(e.addi(a, b, -8), 'addi');
  asm.word(e.sltiu(a, a, 2), 'sltiu');
  asm.word(e.and(a, a, resume), 'and');
  const segmentEnd = branchLater(asm, (offset) => e.bne(a, 0, offset));
  emitSkip(asm, machine);
  segmentEnd();
  asm.word(e.andi(b, resume, -2), 'andi');
  rebase(asm, b, a);
  asm.word(e.lui(a, 2), 'lui');
  asm.word(e.addi(a, a, -0x800), 'addi');
  asm.word(e.csrrs(0, a, CSR.mstatus), 'csrrs');
  emitReturn(asm, machine, b);
  interrupt();
  asm.word(e.csrrw(0, 0, CSR.mie), 'csrrw');
  asm.word(e.csrrw(0, 0, CSR.mip), 'csrrw');
  asm.word(machine.returnWord, machine.name);
}

function emitSupervisorHandler(asm: Assembler): void {
  const [a, b] = supervisor.registers;
  emitVectors(asm, supervisor);
  asm.word(e.csrrs(b, 0, CSR.scause), 'csrrs');
  const interrupt = branchLater(asm, (offset) => e.blt(b, 0, offset));
  asm.word(e.addi(a, b, -8), 'addi');
  asm.word(e.sltiu(a, a, 1), 'sltiu');
  asm.word(e.and(a, a, resume), 'and');
  const segmentEnd = branchLater(asm, (offset) => e.bne(a, 0, offset));
  emitSkip(asm, supervisor);
  segmentEnd();
  asm.word(e.ECALL, 'ecall');
  interrupt();
  asm.word(e.csrrw(0, 0, CSR.sie), 'csrrw');
  asm.word(e.csrrw(0, 0, CSR.sip), 'csrrw');
  asm.word(supervisor.returnWord, supervisor.name);
}

/** Emits both handlers at their vectors. */
export function emitTrapHandlers(asm: Assembler): void {
  emitMachineHandler(asm);
  emitSupervisorHandler(asm);
}
