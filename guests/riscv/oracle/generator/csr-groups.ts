// Random CSR instructions, traps and privileged instructions within one mode (RISC-V Privileged 20240411 §2–3, §12.1).
import type { Context } from './context.ts';
import { emitFetchFault, emitForwardAddress } from './control-groups.ts';
import { CSR, type CsrName } from './csr-names.ts';
import * as e from './encoding.ts';
import { RESUME_REGISTER } from './memory-layout.ts';
import { satpOf } from './page-tables.ts';
import type { Random } from './random.ts';

const operations: readonly (readonly [name: string, funct3: number])[] = [
  ['csrrw', 1],
  ['csrrs', 2],
  ['csrrc', 3],
  ['csrrwi', 5],
  ['csrrsi', 6],
  ['csrrci', 7],
];

/** CSRs that may hold anything without changing where the program goes. */
const freelyWritten: Record<'M' | 'S' | 'U', readonly CsrName[]> = {
  M: ['mscratch', 'mcause', 'mtval', 'sscratch', 'scause', 'stval', 'fflags', 'frm', 'fcsr'],
  S: ['sscratch', 'scause', 'stval', 'fflags', 'frm', 'fcsr'],
  U: ['fflags', 'frm', 'fcsr'],
};

const ANY = 0xffff_ffff_ffff_ffffn;
const UPPER = 0xffff_0000_0000_0000n;

/** CSRs that are written within a mask (where QEMU 7.2 keeps bits that must read zero), read back and restored before
 *  anything depends on them. */
const restored: Record<'M' | 'S', readonly (readonly [CsrName, mask: bigint])[]> = {
  M: [
    ['mtvec', ANY],
    ['stvec', ANY],
    ['medeleg', 0xb3ffn],
    ['mideleg', UPPER | 0x222n],
    ['mie', UPPER],
    ['mepc', ANY - 1n],
    ['sepc', ANY - 1n],
    ['mcounteren', 0xffff_ffffn],
    ['scounteren', 0xffff_ffffn],
  ],
  S: [
    ['stvec', ANY],
    ['sie', UPPER],
    ['sepc', ANY - 1n],
    ['scounteren', 0xffff_ffffn],
  ],
};

/** CSRs that a mode may not touch, or only read. */
const refused: Record<'M' | 'S' | 'U', readonly CsrName[]> = {
  M: ['mvendorid', 'marchid', 'mimpid', 'mhartid', 'cycle', 'time', 'instret', 'pmpcfg1'],
  S: ['mstatus', 'mepc', 'mcause', 'mhartid', 'satp', 'pmpcfg0', 'cycle', 'time', 'instret', 'misa', 'mip'],
  U: [
    'sstatus',
    'sepc',
    'satp',
    'mstatus',
    'mscratch',
    'sip',
    'stvec',
    'cycle',
    'time',
    'instret',
    'mhartid',
  ],
};

/** One interrupt at most is enabled where it may be taken: of several, QEMU 7.2 takes the one with the lowest number. */
export const oneInterrupt = (random: Random): bigint => random.pick([0x2n, 0x20n, 0x200n]);

const MPP = 0x1800n;
/** mstatus without MIE; MPP only as a whole, because 2 names no mode. */
const MSTATUS_HARMLESS = 0x7e_61a2n;
const SSTATUS_TOGGLES = 0xc_6120n;

function emitFree(context: Context): void {
  const { random, asm } = context;
  const name = random.pick(freelyWritten[context.mode]);
  const [operation, funct3] = random.pick(operations);
  const source = context.source();
  if (
    funct3 < 4 &&
    source !== 0 &&
    !context.reserved.has(source) &&
    source < RESUME_REGISTER &&
    random.chance(0.5)
  )
    context.loadInteger(source);
  asm.word(e.csr(funct3)(context.destination(), source, CSR[name]), `${operation} ${name}`);
  if (random.chance(0.6)) asm.word(e.csrrs(context.destination(), 0, CSR[name]), `csrrs ${name}`);
}

function emitRestored(context: Context): void {
  if (context.mode === 'U') return;
  const { random, asm } = context;
  if (random.chance(0.15)) {
    // Only FIOM: QEMU 7.2 keeps the bits of Zicbom and Zicboz even without these extensions.
    asm.word(e.csrrwi(context.destination(), random.below(2), CSR.senvcfg), 'csrrwi senvcfg');
    return;
  }
  const [name, mask] = random.pick(restored[context.mode]);
  const value = context.pointer();
  context.reserved.add(value);
  const kept = context.pointer();
  context.reserved.delete(value);
  const enabled = name === 'sie' || name === 'mie' ? oneInterrupt(random) : 0n;
  asm.loadConstant(value, ((random.chance(0.3) ? ANY : random.next64()) & mask) | enabled);
  asm.word(e.csrrw(kept, value, CSR[name]), `csrrw ${name}`);
  asm.word(e.csrrs(value, 0, CSR[name]), `csrrs ${name}`);
  asm.word(e.csrrw(value, kept, CSR[name]), `csrrw ${name}`);
}

/** A refused or read-only access; counters are read into x0, so that only the permission shows. */
function emitRefused(context: Context): void {
  const { random, asm } = context;
  const name = random.pick(refused[context.mode]);
  const isCounter = ['cycle', 'time', 'instret'].includes(name);
  if (context.mode === 'S' && name === 'satp') {
    asm.word(e.csrrs(context.destination(), 0, CSR.satp), 'csrrs satp');
    return;
  }
  const [operation, funct3] = random.pick(operations);
  const rd = isCounter ? 0 : context.destination();
  // QEMU 7.2 takes csrrs and csrrc with a register that holds zero for reads; the stack pointer is made not to.
  asm.loadConstant(2, BigInt(1 + random.below(2000)));
  const source = random.chance(0.5) ? 0 : funct3 < 4 ? 2 : context.source();
  asm.word(e.csr(funct3)(rd, source, CSR[name]), `${operation} ${name}`);
}

/** Changes mstatus fields and puts them back before the next load, so that MPRV cannot lead astray. */
function emitMachineStatus(context: Context): void {
  const { random, asm } = context;
  const [value, kept] = [context.pointer(), 1 + random.below(2) * 2];
  if (value === kept || context.reserved.has(kept)) return;
  asm.loadConstant(value, (random.next64() & MSTATUS_HARMLESS) | (random.chance(0.5) ? MPP : 0n));
  const [operation, funct3] = random.pick([
    ['csrrs', 2],
    ['csrrc', 3],
  ] as const);
  asm.word(e.csr(funct3)(kept, value, CSR.mstatus), `${operation} mstatus`);
  asm.word(e.csrrs(value, 0, CSR.mstatus), 'csrrs mstatus');
  asm.word(e.csrrs(value, 0, CSR.sstatus), 'csrrs sstatus');
  asm.word(e.csrrw(value, kept, CSR.mstatus), 'csrrw mstatus');
}

/** Toggles SUM, MXR, FS, SPP and SPIE; floating point comes back soon after it went. */
function emitSupervisorStatus(context: Context): void {
  const { random, asm } = context;
  const value = context.pointer();
  asm.loadConstant(value, random.next64() & SSTATUS_TOGGLES);
  const [operation, funct3] = random.pick(operations.slice(1, 3));
  asm.word(e.csr(funct3!)(context.destination(), value, CSR.sstatus), `${operation} sstatus`);
  if (random.chance(0.3)) asm.word(e.typeR(0x53, 7, random.below(2))(1, 2, 3), 'fadd');
  asm.loadConstant(value, 0x6000n);
  asm.word(e.csrrs(0, value, CSR.sstatus), 'csrrs sstatus');
}

/** satp values with every mode but Sv57, which QEMU has and Cofferdam has not. */
function emitAddressTranslation(context: Context): void {
  const { random, asm } = context;
  const value = context.pointer();
  if (context.mode === 'M') {
    const mode = random.pick([0n, 8n, 9n, 1n, 7n, 15n]);
    asm.loadConstant(value, (mode << 60n) | (random.next64() & 0x0fff_ffff_ffff_ffffn));
    asm.word(e.csrrw(context.destination(), value, CSR.satp), 'csrrw satp');
    asm.word(e.csrrs(context.destination(), 0, CSR.satp), 'csrrs satp');
  } else if (context.isTranslated) {
    asm.loadConstant(value, satpOf(random, random.pick([8n, 9n])));
    asm.word(e.csrrw(context.destination(), value, CSR.satp), 'csrrw satp');
    emitTranslationFence(context);
  }
}

/** sfence.vma for everything: with x0, or with registers of zero is not the same, so x0 it is. */
export function emitTranslationFence(context: Context): void {
  context.asm.word(e.SFENCE_VMA_ALL, 'sfence.vma');
}

/** One CSR access or a few around one CSR. */
export function emitCsr(context: Context): void {
  context.random.weighted<() => void>([
    [5, () => emitFree(context)],
    [2, () => emitRestored(context)],
    [3, () => emitRefused(context)],
    [context.mode === 'M' ? 3 : 0, () => emitMachineStatus(context)],
    [context.mode === 'S' ? 3 : 0, () => emitSupervisorStatus(context)],
    [context.mode === 'U' ? 0 : 2, () => emitAddressTranslation(context)],
  ])();
}

/** Words of the SYSTEM opcode that change nothing in any mode: all but the returns and wfi. */
function emitSystemFuzz(context: Context): void {
  const { random, asm } = context;
  const immediate = random.below(4096);
  if ([0x302, 0x102, 0x105, 0x7b2, 0x002, 0x202, 0].includes(immediate)) return;
  const registers = random.chance(0.5) ? 0 : random.next32() & 0xf_8f80;
  asm.word(((immediate << 20) | registers | 0x73) >>> 0, 'fuzz SYSTEM');
}

/** One instruction that traps in most modes. */
export function emitTrap(context: Context): void {
  const { random, asm } = context;
  random.weighted<() => void>([
    [
      2,
      () => {
        asm.word(e.addi(RESUME_REGISTER, 0, 0), 'addi');
        asm.word(e.ECALL, 'ecall');
      },
    ],
    [1, () => asm.word(e.EBREAK, 'ebreak')],
    [1, () => asm.half(0x9002, 'c.ebreak')],
    [2, () => emitSystemFuzz(context)],
    [1, () => asm.half(0, 'c.unimp')],
    [1, () => asm.word(0xc000_1073, 'unimp')],
    [2, () => emitFetchFault(context)],
    [context.mode === 'M' ? 2 : 0, () => emitMachineReturn(context)],
    [context.mode === 'S' ? 1 : 0, () => asm.word(e.MRET, 'mret')],
    [context.mode === 'U' ? 1 : 0, () => asm.word(random.pick([e.MRET, e.SRET]), 'xret')],
    [context.mode === 'U' ? 1 : 0, () => emitTranslationFence(context)],
  ])();
}

/** mret from M to M: only the interrupt-enable stack and MPP change. */
function emitMachineReturn(context: Context): void {
  const { asm } = context;
  const register = context.pointer();
  // No interrupt may come between mepc and mret.
  asm.word(e.csr(7)(0, 8, CSR.mstatus), 'csrrci mstatus');
  asm.loadConstant(register, 0x1800n);
  asm.word(e.csrrs(0, register, CSR.mstatus), 'csrrs mstatus');
  const complete = emitForwardAddress(context, register);
  asm.word(e.csrrw(0, register, CSR.mepc), 'csrrw mepc');
  asm.word(e.MRET, 'mret');
  complete();
}
