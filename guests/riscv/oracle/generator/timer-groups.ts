// Timers that run out some instructions later, wherever the program then is: the CLINT's and Sstc's
// (RISC-V Privileged 20240411 §3.2.1, §12.1.13). Which instruction that is, the oracle says (timer-replay.ts).
import type { Context } from './context.ts';
import { CSR } from './csr-names.ts';
import * as e from './encoding.ts';
import type { Random } from './random.ts';

/** lui's operand for the CLINT at 0x200_0000: mtimecmp is at offset 0x4000. */
const MTIMECMP = 0x2004;
const [MTIE, STIE] = [0x80, 0x20];
const [MSTATUS_MIE, SSTATUS_SIE] = [8, 2];

/** Ticks of 100 ns: about as many instructions (qemu.ts). */
const randomDelay = (random: Random): number => 1 + random.below(random.chance(0.7) ? 60 : 600);

function emitDeadline(context: Context, register: number): void {
  const { random, asm } = context;
  asm.word(e.csrrs(register, 0, CSR.time), 'csrrs time');
  asm.word(e.addi(register, register, randomDelay(random)), 'addi deadline');
}

/** Sets the machine's timer in M mode. The bits of mie that are for it. */
export function emitMachineTimer(context: Context): number {
  const { random, asm } = context;
  const [deadline, clint] = [6, 7];
  asm.word(e.csr(7)(0, MSTATUS_MIE, CSR.mstatus), 'csrrci mstatus');
  emitDeadline(context, deadline);
  if (random.chance(0.5)) {
    asm.word(e.csrrw(0, deadline, CSR.stimecmp), 'csrrw stimecmp');
    return STIE;
  }
  asm.word(e.lui(clint, MTIMECMP), 'lui clint');
  asm.word(e.sd(deadline, clint, 0), 'sd mtimecmp');
  return MTIE;
}

function emitSupervisorTimer(context: Context): void {
  const { asm } = context;
  const register = context.pointer();
  asm.word(e.csr(7)(0, SSTATUS_SIE, CSR.sstatus), 'csrrci sstatus');
  emitDeadline(context, register);
  asm.word(e.csrrw(0, register, CSR.stimecmp), 'csrrw stimecmp');
  asm.word(e.addi(register, 0, STIE), 'addi');
  asm.word(e.csrrw(0, register, CSR.sie), 'csrrw sie');
  asm.word(e.csrrsi(0, SSTATUS_SIE, CSR.sstatus), 'csrrsi sstatus');
}

/** Sets a timer and lets its interrupt in; its handler turns it off. */
export function emitTimer(context: Context): void {
  const { asm } = context;
  if (context.mode === 'S') emitSupervisorTimer(context);
  if (context.mode !== 'M') return;
  const enable = emitMachineTimer(context);
  asm.word(e.addi(6, 0, enable), 'addi');
  asm.word(e.csrrw(0, 0, CSR.mideleg), 'csrrw mideleg');
  asm.word(e.csrrw(0, 6, CSR.mie), 'csrrw mie');
  asm.word(e.csrrsi(0, MSTATUS_MIE, CSR.mstatus), 'csrrsi mstatus');
}

/** As a program begins: Sstc is there, and no timer runs. */
export function emitTimersOff(context: Context): void {
  const { asm } = context;
  asm.word(e.lui(5, MTIMECMP), 'lui');
  asm.word(e.addi(6, 0, -1), 'addi');
  asm.word(e.sd(6, 5, 0), 'sd mtimecmp');
  asm.word(e.csrrw(0, 6, CSR.stimecmp), 'csrrw stimecmp');
  asm.word(e.addi(6, 0, 1), 'addi');
  asm.word(e.slli(6, 6, 63), 'slli');
  asm.word(e.csrrw(0, 6, CSR.menvcfg), 'csrrw menvcfg');
}
