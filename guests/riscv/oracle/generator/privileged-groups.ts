// Segments of a random program that run in S or U mode, and the M-mode groups that set up physical memory protection,
// MPRV accesses and interrupts (RISC-V Privileged 20240411 §3.1.6, §3.1.8–9, §3.7, §12.1).
import type { Context, Mode } from './context.ts';
import { emitForwardAddress } from './control-groups.ts';
import { emitTranslationFence, oneInterrupt } from './csr-groups.ts';
import { CSR } from './csr-names.ts';
import * as e from './encoding.ts';
import {
  RESUME_REGISTER,
  SCRATCH_BASE,
  SCRATCH_BYTES,
  USER_ALIAS_OFFSET,
  WINDOW_TABLES,
} from './memory-layout.ts';
import { randomLeaf, randomVirtualAddress, satpOf, windowLeaves } from './page-tables.ts';
import type { Random } from './random.ts';
import { emitMachineTimer } from './timer-groups.ts';

const MPP = 0x1800n;
const SPP = 0x100n;
const SPIE = 0x20n;
const MPIE = 0x80n;
const SIE = 0x2n;
const MPRV = 0x2_0000n;
const SUM = 0x4_0000n;
const MXR = 0x8_0000n;
const TVM = 0x10_0000n;
const TW = 0x20_0000n;
const TSR = 0x40_0000n;
const FS_DIRTY = 0x6000n;
const XLEN_64 = 0xa_0000_0000n;
/** Every exception that may be delegated, but for the environment call from S mode, which ends segments. */
const DELEGABLE = 0xb1ffn;
/** Causes 4 to 7, 13 and 15. */
const DATA_EXCEPTIONS = 0xa0f0n;
const SUPERVISOR_INTERRUPTS = 0x222n;

/** Load and store exceptions are delegated together: QEMU 7.2 calls those of AMOs loads' (legal-differences.ts). */
function randomDelegation(random: Random): bigint {
  const mask = random.next64() & DELEGABLE & ~DATA_EXCEPTIONS;
  return random.chance(0.5) ? mask | DATA_EXCEPTIONS : mask;
}

const modeBits = (mode: Mode): bigint => (mode === 'M' ? 3n : mode === 'S' ? 1n : 0n);

function writeCsr(context: Context, csr: number, value: bigint, name: string): void {
  const register = context.pointer();
  context.asm.loadConstant(register, value);
  context.asm.word(e.csrrw(0, register, csr), `csrrw ${name}`);
}

/** A valid satp for the program's tables, or bare. */
function randomSatp(random: Random, mayBeBare: boolean): bigint {
  return random.weighted([
    [mayBeBare ? 1 : 0, 0n],
    [4, satpOf(random, 8n)],
    [3, satpOf(random, 9n)],
  ]);
}

function randomStatus(random: Random, mode: Mode): bigint {
  const some = (bit: bigint, probability: number): bigint => (random.chance(probability) ? bit : 0n);
  return (
    XLEN_64 |
    FS_DIRTY |
    (modeBits(mode) << 11n) |
    some(SUM, 0.5) |
    some(MXR, 0.4) |
    some(TVM, 0.15) |
    some(TW, 0.2) |
    some(TSR, 0.15) |
    some(SPIE, 0.5) |
    some(MPIE, 0.5) |
    some(SIE, 0.3)
  );
}

/** Rewrites an entry of the window's tables through the supervisor's alias or physically, then fences. */
export function emitTableChange(context: Context): void {
  const { random, asm } = context;
  if (context.mode === 'U' || !context.canFence || !asm.hasFreeSlots) return;
  const [pointer, value] = [5, 6];
  asm.loadAddress(pointer, windowLeaves(random.below(WINDOW_TABLES)) + 8 * random.below(512));
  asm.loadConstant(value, randomLeaf(random));
  asm.word(e.sd(value, pointer, 0), 'sd');
  emitTranslationFence(context);
}

/** The configuration of a segment: delegation, translation, counters, status. Returns what the program must know. */
function emitConfiguration(context: Context, mode: Mode): { isTranslated: boolean; canFence: boolean } {
  const { random } = context;
  const status = randomStatus(random, mode);
  const canReturn = (status & TSR) === 0n;
  const delegated = canReturn && random.chance(0.6) ? randomDelegation(random) : 0n;
  writeCsr(context, CSR.medeleg, delegated, 'medeleg');
  const interrupts = canReturn && random.chance(0.5) ? random.next64() & SUPERVISOR_INTERRUPTS : 0n;
  writeCsr(context, CSR.mideleg, interrupts, 'mideleg');
  const timer = random.chance(0.3) ? BigInt(emitMachineTimer(context)) : undefined;
  writeCsr(context, CSR.mie, timer ?? (random.chance(0.5) ? oneInterrupt(random) : 0n), 'mie');
  writeCsr(context, CSR.mip, random.chance(0.4) ? random.next64() & SUPERVISOR_INTERRUPTS : 0n, 'mip');
  const satp = randomSatp(random, true);
  writeCsr(context, CSR.satp, satp, 'satp');
  writeCsr(context, CSR.mcounteren, BigInt(random.below(8)), 'mcounteren');
  writeCsr(context, CSR.scounteren, BigInt(random.below(8)), 'scounteren');
  emitTranslationFence(context);
  const isTranslated = satp !== 0n;
  emitEntry(context, isTranslated && mode === 'U', status);
  return { isTranslated, canFence: (status & TVM) === 0n };
}

/** mret to the code behind it, in the alias that the mode can execute. */
function emitEntry(context: Context, isUserAlias: boolean, status: bigint): void {
  const { asm } = context;
  const [target, difference] = [5, 6];
  asm.loadConstant(target, status);
  asm.word(e.csrrw(0, target, CSR.mstatus), 'csrrw mstatus');
  asm.word(e.addi(RESUME_REGISTER, 0, 0), 'addi');
  const complete = emitForwardAddress(context, target);
  if (isUserAlias) {
    asm.word(e.lui(difference, USER_ALIAS_OFFSET >>> 12), 'lui');
    asm.word(e.typeR(0x33, 0, 0x20)(target, target, difference), 'sub');
  }
  asm.word(e.csrrw(0, target, CSR.mepc), 'csrrw mepc');
  asm.word(e.MRET, 'mret');
  complete();
}

/** From S to U by sret, within a segment. */
function emitDrop(context: Context): void {
  const { asm } = context;
  const [target, difference] = [5, 6];
  // No interrupt may come between sepc and sret.
  asm.loadConstant(target, SPP | SIE);
  asm.word(e.csrrc(0, target, CSR.sstatus), 'csrrc sstatus');
  const complete = emitForwardAddress(context, target);
  if (context.isTranslated) {
    asm.word(e.lui(difference, USER_ALIAS_OFFSET >>> 12), 'lui');
    asm.word(e.typeR(0x33, 0, 0x20)(target, target, difference), 'sub');
  }
  asm.word(e.csrrw(0, target, CSR.sepc), 'csrrw sepc');
  asm.word(e.SRET, 'sret');
  complete();
  context.mode = 'U';
}

/** A segment in S or U mode: configuration, groups, then back to M mode by an environment call. */
export function emitSegment(context: Context, groups: number, emitGroup: () => void): void {
  const { random, asm } = context;
  const mode: Mode = random.chance(0.55) ? 'S' : 'U';
  const { isTranslated, canFence } = emitConfiguration(context, mode);
  context.mode = mode;
  context.isTranslated = isTranslated;
  context.canFence = canFence;
  for (let count = 0; count < groups && asm.hasFreeSlots; count++) {
    if (random.chance(0.05)) emitTableChange(context);
    emitGroup();
  }
  const complete = emitForwardAddress(context, RESUME_REGISTER);
  asm.word(e.ECALL, 'ecall');
  asm.word(e.ECALL, 'ecall');
  complete(1);
  context.mode = 'M';
  context.isTranslated = false;
  for (const name of ['medeleg', 'mie', 'mip'] as const) writeCsr(context, CSR[name], 0n, name);
  writeCsr(context, CSR.mstatus, XLEN_64 | FS_DIRTY | MPP, 'mstatus');
}

/** As `emitSegment`, with a drop from S to U midway. */
export function emitDroppingSegment(context: Context, groups: number, emitGroup: () => void): void {
  const { random, asm } = context;
  writeCsr(context, CSR.medeleg, randomDelegation(random), 'medeleg');
  const satp = randomSatp(random, true);
  writeCsr(context, CSR.satp, satp, 'satp');
  emitTranslationFence(context);
  emitEntry(context, false, randomStatus(random, 'S') & ~(TVM | TSR));
  context.mode = 'S';
  context.isTranslated = satp !== 0n;
  context.canFence = true;
  for (let count = 0; count < groups && asm.hasFreeSlots; count++) {
    if (count === groups >> 1) emitDrop(context);
    emitGroup();
  }
  const complete = emitForwardAddress(context, RESUME_REGISTER);
  asm.word(e.ECALL, 'ecall');
  asm.word(e.ECALL, 'ecall');
  complete(1);
  context.mode = 'M';
  context.isTranslated = false;
  for (const name of ['medeleg', 'mie', 'mip'] as const) writeCsr(context, CSR[name], 0n, name);
  writeCsr(context, CSR.mstatus, XLEN_64 | FS_DIRTY | MPP, 'mstatus');
}

/** The first entries are never top-of-range (entry 0 would start at 0), the others never of four bytes. */
const FIRST_RANGE_ENTRY = 3;

/**
 * A pmpaddr value whose region lies within scratch, whatever mode its entry has. QEMU 7.2 splits an access across a
 * page's end into two aligned ones, which touch more bytes: no region may begin or end within these, so some values
 * are left out.
 */
function randomProtectedAddress(random: Random, entry: number): bigint {
  const isRange = entry >= FIRST_RANGE_ENTRY;
  for (;;) {
    const ones = random.weighted<number>([
      [3, random.below(3)],
      [2, 3 + random.below(5)],
      [6, 8 + random.below(2)],
    ]);
    const anywhere = (SCRATCH_BASE + random.below(SCRATCH_BYTES)) >>> 2;
    if (isRange && random.chance(0.3)) return BigInt(anywhere & ~0x3ff);
    const value = ((anywhere >>> (ones + 1)) << (ones + 1)) | ((1 << ones) - 1);
    const inPage = value & 0x3ff;
    if (![1, 0x3ff, ...(isRange ? [] : [0, 0x3fe])].includes(inPage)) return BigInt(value);
  }
}

/** Seven entries over scratch; W without R is reserved. */
function randomProtectionConfiguration(random: Random): bigint {
  let value = 0n;
  for (let entry = 0; entry < 7; entry++) {
    const permissions = random.pick([0, 1, 3, 4, 5, 7]);
    const matching = random.pick(entry < FIRST_RANGE_ENTRY ? [0, 2, 3] : [0, 1, 3]);
    const locked = random.chance(0.04) ? 0x80 : 0;
    value |= BigInt(permissions | (matching << 3) | locked) << BigInt(8 * entry);
  }
  return value;
}

/** Changes the protection of scratch, or makes one access with another mode's rights. */
export function emitProtection(context: Context): void {
  const { random, asm } = context;
  if (context.mode !== 'M' || !asm.hasFreeSlots) return;
  if (random.chance(0.6)) {
    emitModifiedPrivilege(context);
    return;
  }
  for (let count = 1 + random.below(3); count > 0; count--) {
    const entry = random.below(7);
    writeCsr(context, CSR.pmpaddr0 + entry, randomProtectedAddress(random, entry), `pmpaddr${entry}`);
    if (random.chance(0.5))
      asm.word(e.csrrs(context.destination(), 0, CSR.pmpaddr0 + entry), 'csrrs pmpaddr');
  }
  writeCsr(context, CSR.pmpcfg0, random.chance(0.3) ? 0n : randomProtectionConfiguration(random), 'pmpcfg0');
  asm.word(e.csrrs(context.destination(), 0, CSR.pmpcfg0), 'csrrs pmpcfg0');
  if (random.chance(0.3)) {
    const entry = 8 + random.below(6);
    writeCsr(context, CSR.pmpaddr0 + entry, random.next64() >> 10n, `pmpaddr${entry}`);
    asm.word(e.csrrs(context.destination(), 0, CSR.pmpaddr0 + entry), 'csrrs pmpaddr');
  }
  emitTranslationFence(context);
}

/** One load or store in M mode with MPRV set, translated and checked as if from S or U. */
function emitModifiedPrivilege(context: Context): void {
  const { random, asm } = context;
  const satp = randomSatp(random, true);
  writeCsr(context, CSR.satp, satp, 'satp');
  emitTranslationFence(context);
  const [pointer, status] = [7, 28];
  const inScratch = SCRATCH_BASE + 2048 + random.below(SCRATCH_BYTES - 4096);
  const mode: Mode = random.pick(['S', 'U', 'M']);
  if (satp !== 0n && mode !== 'M' && random.chance(0.6))
    asm.loadConstant(pointer, randomVirtualAddress(random));
  else asm.loadAddress(pointer, inScratch);
  const bits = (randomStatus(random, mode) | MPRV) & ~SIE;
  asm.loadConstant(status, bits);
  const disable = context.pointer() === 6 ? 5 : 6;
  asm.loadConstant(disable, MPRV);
  asm.word(e.csrrw(0, status, CSR.mstatus), 'csrrw mstatus');
  const size = random.below(4);
  if (random.chance(0.5)) asm.word(e.typeI(0x03, size)(8 + random.below(8), pointer, 0), 'load with MPRV');
  else asm.word(e.typeS(0x23, size)(context.source(), pointer, 0), 'store with MPRV');
  asm.word(e.csrrc(0, disable, CSR.mstatus), 'csrrc mstatus');
}

/** Makes supervisor interrupts pending and enabled in M mode, and lets them in for a moment. */
export function emitInterrupt(context: Context): void {
  const { random, asm } = context;
  if (context.mode !== 'M') return;
  // With interrupts on, the handler would clear what wfi below waits for.
  asm.word(e.typeI(0x73, 7)(0, 8, CSR.mstatus), 'csrrci mstatus');
  writeCsr(
    context,
    CSR.mideleg,
    random.chance(0.5) ? 0n : random.next64() & SUPERVISOR_INTERRUPTS,
    'mideleg',
  );
  writeCsr(context, CSR.mie, oneInterrupt(random), 'mie');
  writeCsr(context, CSR.mip, random.next64() & SUPERVISOR_INTERRUPTS, 'mip');
  asm.word(e.csrrs(context.destination(), 0, CSR.sip), 'csrrs sip');
  asm.word(e.csrrs(context.destination(), 0, CSR.sie), 'csrrs sie');
  if (random.chance(0.3)) {
    writeCsr(context, CSR.mie, 2n, 'mie');
    writeCsr(context, CSR.mip, 2n, 'mip');
    asm.word(e.WFI, 'wfi');
  }
  asm.word(e.csrrsi(0, 8, CSR.mstatus), 'csrrsi mstatus');
  asm.word(e.csrrs(context.destination(), 0, CSR.mip), 'csrrs mip');
  asm.word(e.typeI(0x73, 7)(0, 8, CSR.mstatus), 'csrrci mstatus');
  writeCsr(context, CSR.mip, 0n, 'mip');
}

/** Nothing but open memory, as a program begins. */
export function emitProtectionOpen(context: Context): void {
  writeCsr(context, CSR.pmpaddr0 + 15, (1n << 54n) - 1n, 'pmpaddr15');
  for (let entry = 0; entry < 8; entry++)
    writeCsr(context, CSR.pmpaddr0 + entry, BigInt(SCRATCH_BASE >>> 2), 'pmpaddr');
  writeCsr(context, CSR.pmpcfg0, 0n, 'pmpcfg0');
  writeCsr(context, CSR.pmpcfg2, 0x1fn << 56n, 'pmpcfg2');
}
