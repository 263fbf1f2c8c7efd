// Assembles one random program: start-up that gives both machines the same state, random groups, a fixed end.
import { Assembler } from './assembler.ts';
import { emitCallGraph } from './call-groups.ts';
import { emitCompressed } from './compressed-groups.ts';
import { Context, type GroupClass } from './context.ts';
import { emitControl } from './control-groups.ts';
import { emitCsr, emitTrap } from './csr-groups.ts';
import { CSR } from './csr-names.ts';
import * as e from './encoding.ts';
import { emitFloat } from './float-groups.ts';
import { buildFunctionPages } from './function-pages.ts';
import { emitGraph } from './graph-groups.ts';
import { emitDecodeFuzz, emitInteger, emitMultiply } from './integer-groups.ts';
import { emitHotLoop } from './loop-groups.ts';
import { emitMapping } from './mapping-groups.ts';
import { emitAtomic, emitMemory } from './memory-groups.ts';
import {
  CODE_BASE,
  FUNCTIONS_BASE,
  IMAGE_BYTES,
  MACHINE_VECTOR,
  PAGE_TABLES_BASE,
  PROGRAM_START,
  SCRATCH_BASE,
  SCRATCH_BYTES,
  SUPERVISOR_VECTOR,
  TABLE_BASE,
} from './memory-layout.ts';
import { buildPageTables } from './page-tables.ts';
import { emitSelfModifying } from './patch-groups.ts';
import {
  emitDroppingSegment,
  emitInterrupt,
  emitProtection,
  emitProtectionOpen,
  emitSegment,
} from './privileged-groups.ts';
import { Random } from './random.ts';
import { specialFloat, specialInteger } from './special-values.ts';
import { emitTimer, emitTimersOff } from './timer-groups.ts';
import { emitTrapHandlers } from './trap-handlers.ts';

/** A program with the addresses between which the two machines are compared. */
export interface Program {
  seed: bigint;
  image: Uint8Array;
  entry: number;
  /** Both machines have equal state from here on. */
  start: number;
  end: number;
  names: readonly (string | undefined)[];
}

const emitters: Record<Exclude<GroupClass, 'privileged'>, (context: Context) => void> = {
  integer: emitInteger,
  multiply: emitMultiply,
  float: emitFloat,
  atomic: emitAtomic,
  compressed: emitCompressed,
  memory: emitMemory,
  control: emitControl,
  loop: emitHotLoop,
  call: emitCallGraph,
  graph: emitGraph,
  csr: emitCsr,
  trap: emitTrap,
  decode: emitDecodeFuzz,
  'self-modifying': emitSelfModifying,
  mapping: emitMapping,
  protection: emitProtection,
  interrupt: emitInterrupt,
  timer: emitTimer,
};

const mixedWeights: Record<GroupClass, number> = {
  integer: 16,
  multiply: 6,
  float: 18,
  atomic: 5,
  compressed: 10,
  memory: 10,
  control: 8,
  loop: 0.6,
  call: 0.5,
  graph: 0.5,
  csr: 5,
  trap: 2,
  decode: 3,
  'self-modifying': 1,
  privileged: 1.5,
  mapping: 1,
  protection: 1,
  interrupt: 1,
  timer: 0.5,
};

/** Weights of chosen classes whose groups are long. */
const chosenWeights: Partial<Record<GroupClass, number>> = {
  privileged: 6,
  mapping: 10,
  loop: 4,
  call: 4,
  graph: 4,
};

/** Weights of segments in other modes where a class needs them. */
const privilegedWeights: Partial<Record<GroupClass, number>> = {
  loop: 1,
  call: 1,
  graph: 1,
  mapping: 6,
  timer: 2,
};

/** Everything but the chosen class becomes rare. */
export function weightsFor(chosen: GroupClass | 'mixed'): Record<GroupClass, number> {
  if (chosen === 'mixed') return mixedWeights;
  const weights = { ...mixedWeights };
  for (const key of Object.keys(weights) as GroupClass[]) weights[key] *= 0.1;
  weights[chosen] = chosenWeights[chosen] ?? 40;
  // Other modes than M, too.
  weights.privileged = Math.max(weights.privileged, privilegedWeights[chosen] ?? 0);
  return weights;
}

function emitState(context: Context): void {
  const { asm, random } = context;
  const vectored = (): number => random.below(2);
  asm.loadAddress(5, MACHINE_VECTOR);
  asm.word(e.addi(5, 5, vectored()), 'addi');
  asm.word(e.csrrw(0, 5, CSR.mtvec), 'csrrw mtvec');
  emitTimersOff(context);
  asm.loadAddress(5, SUPERVISOR_VECTOR);
  asm.word(e.addi(5, 5, vectored()), 'addi');
  asm.word(e.csrrw(0, 5, CSR.stvec), 'csrrw stvec');
  asm.loadConstant(5, 0xa_0000_7800n);
  asm.word(e.csrrw(0, 5, CSR.mstatus), 'csrrw mstatus');
  const cleared = [
    'satp',
    'medeleg',
    'mideleg',
    'mie',
    'mip',
    'mepc',
    'sepc',
    'mcause',
    'scause',
    'mtval',
    'stval',
  ];
  for (const name of [...cleared, 'mscratch', 'sscratch', 'fcsr', 'mcounteren', 'scounteren'] as const)
    asm.word(e.csrrw(0, 0, CSR[name as keyof typeof CSR]), `csrrw ${name}`);
  emitProtectionOpen(context);
  asm.word(e.SFENCE_VMA_ALL, 'sfence.vma');
  for (let register = 0; register < 32; register++) {
    const slot = context.floatSlot();
    asm.loadSlot(5, slot);
    asm.word(e.typeR(0x53, 0, 0x79)(register, 5, 0), 'fmv.d.x');
  }
  for (let register = 1; register < 32; register++) context.loadInteger(register);
  asm.word(e.addi(30, 0, 0), 'addi');
}

function emitGroups(context: Context, groups: number, weights: Record<GroupClass, number>): void {
  const { random, asm } = context;
  const choices = (Object.entries(weights) as [GroupClass, number][]).map(
    ([name, weight]) => [weight, name] as const,
  );
  const plain = choices.filter(([, name]) => name !== 'privileged');
  const emitPlain = (): void => {
    const name = random.weighted(plain);
    if (name !== 'privileged') emitters[name](context);
  };
  for (let count = 0; count < groups && asm.hasFreeSlots && asm.roomBytes > 8192; ) {
    if (random.weighted(choices) !== 'privileged') {
      emitPlain();
      count++;
      continue;
    }
    const inner = 5 + random.below(25);
    const emit = random.chance(0.75) ? emitSegment : emitDroppingSegment;
    emit(context, inner, emitPlain);
    count += inner;
  }
}

function imageOf(asm: Assembler, random: Random): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES);
  image.set(asm.code, 0);
  image.set(new Uint8Array(asm.table.buffer), TABLE_BASE - CODE_BASE);
  const scratch = new BigUint64Array(SCRATCH_BYTES / 8);
  for (let index = 0; index < scratch.length; index++)
    scratch[index] = BigInt.asUintN(64, random.chance(0.5) ? specialInteger(random) : specialFloat(random));
  image.set(new Uint8Array(scratch.buffer), SCRATCH_BASE - CODE_BASE);
  image.set(new Uint8Array(buildPageTables(random).buffer), PAGE_TABLES_BASE - CODE_BASE);
  image.set(buildFunctionPages(random), FUNCTIONS_BASE - CODE_BASE);
  return image;
}

/** The program of a seed: about `groups` random groups of the chosen class. */
export function generateProgram(seed: bigint, groups: number, chosen: GroupClass | 'mixed'): Program {
  const random = new Random(seed);
  const asm = new Assembler();
  const context = new Context(random, asm);
  asm.word(e.jal(0, PROGRAM_START - asm.here), 'jal');
  emitTrapHandlers(asm);
  asm.moveTo(PROGRAM_START);
  emitState(context);
  const start = asm.here;
  emitGroups(context, groups, weightsFor(chosen));
  const end = asm.here;
  asm.word(e.jal(0, 0), 'end');
  return { seed, image: imageOf(asm, random), entry: CODE_BASE, start, end, names: asm.names };
}
