// Changes of mappings, each followed by an access through what has changed, in loops, so that both the mapping before and
// that after are met by translated code (RISC-V Privileged 20240411 §12.2.1, §12.3–12.5). S mode makes the changes;
// U mode can only use them.
import {
  addressInPage,
  type ChangingKind,
  type ChangingPage,
  randomChangingPage,
  randomFlip,
} from './changing-pages.ts';
import type { Context } from './context.ts';
import { emitBody, emitForwardAddress } from './control-groups.ts';
import { emitCounted } from './counted-loop.ts';
import { CSR } from './csr-names.ts';
import * as e from './encoding.ts';
import { functionAt } from './function-pages.ts';
import { emitAccesses } from './memory-groups.ts';
import { CHANGING_BASE, CHANGING_GIGAPAGE, RESUME_REGISTER } from './memory-layout.ts';
import { GIGAPAGE_ENTRY, SATP_OTHER_TREE } from './page-tables.ts';

const [POINTER, VALUE, MASK] = [5, 6, 7];
const xor = e.typeR(0x33, 4, 0);
/** sstatus.SUM and MXR, as `lui` takes them. */
const SUM = 0x40;
const MXR = 0x80;

/** rd = a virtual address of changing pages; few of the table's slots serve them all. */
function emitFarAddress(context: Context, rd: number, address: bigint): void {
  const { asm } = context;
  const base = address < CHANGING_GIGAPAGE ? BigInt(CHANGING_BASE) : CHANGING_GIGAPAGE;
  const offset = Number(address - base);
  const low = e.signed(offset, 12);
  const upper = rd === VALUE ? MASK : VALUE;
  asm.loadConstant(rd, base);
  asm.word(e.lui(upper, (offset - low) >> 12), 'lui');
  asm.word(e.add(rd, rd, upper), 'add');
  asm.word(e.addi(rd, rd, low), 'addi');
}

/** Calls a function through a changing page; where that is not executable, goes on behind the call. */
export function emitFarCall(context: Context, page = randomChangingPage(context.random, 'functions')): void {
  const { asm } = context;
  const complete = emitForwardAddress(context, RESUME_REGISTER);
  emitFarAddress(context, POINTER, page.address + BigInt(functionAt(context.random)));
  asm.word(e.jalr(1, POINTER, 0), 'jalr to changing page');
  complete();
}

function emitUse(context: Context, page: ChangingPage): void {
  const { random } = context;
  if (page.kind === 'functions') {
    emitFarCall(context, page);
    return;
  }
  emitFarAddress(context, POINTER, addressInPage(random, page) & (random.chance(0.6) ? -8n : -1n));
  emitAccesses(context, POINTER, false);
}

/** A fence that is enough for a changed page of the current address space. */
function emitFence(context: Context, { address }: ChangingPage): void {
  const { random, asm } = context;
  const emitAddressSpace = (): void => {
    asm.word(e.csrrs(VALUE, 0, CSR.satp), 'csrrs satp');
    asm.word(e.slli(VALUE, VALUE, 4), 'slli');
    asm.word(e.srli(VALUE, VALUE, 48), 'srli');
  };
  random.weighted<() => void>([
    [3, () => asm.word(e.SFENCE_VMA_ALL, 'sfence.vma')],
    [
      6,
      () => {
        emitFarAddress(context, POINTER, address);
        asm.word(e.sfenceVma(POINTER, 0), 'sfence.vma address');
      },
    ],
    [
      1,
      () => {
        emitFarAddress(context, POINTER, address);
        emitAddressSpace();
        asm.word(e.sfenceVma(POINTER, VALUE), 'sfence.vma address asid');
      },
    ],
    [
      1,
      () => {
        emitAddressSpace();
        asm.word(e.sfenceVma(0, VALUE), 'sfence.vma asid');
      },
    ],
  ])();
}

/** Flips bits of an entry, fences, and uses the page. */
function emitFlip(context: Context): void {
  const { random, asm } = context;
  const kind = random.weighted<ChangingKind>([
    [6, 'functions'],
    [4, 'scratch'],
    [2, 'superpage'],
    [1, 'gigapage'],
  ]);
  const page = randomChangingPage(random, kind);
  if (random.chance(0.3)) emitUse(context, page);
  asm.loadAddress(POINTER, page.entry ?? GIGAPAGE_ENTRY);
  asm.word(e.ld(VALUE, POINTER, 0), 'ld');
  asm.loadConstant(MASK, randomFlip(random, kind));
  asm.word(xor(VALUE, VALUE, MASK), 'xor');
  asm.word(e.sd(VALUE, POINTER, 0), 'sd to page table');
  emitFence(context, page);
  emitUse(context, page);
}

/** Goes to the other address space, without a fence, and comes back. */
function emitOtherSpace(context: Context): void {
  const { random, asm } = context;
  const emitSwitch = (): void => {
    asm.word(e.csrrs(VALUE, 0, CSR.satp), 'csrrs satp');
    asm.loadConstant(MASK, SATP_OTHER_TREE);
    asm.word(xor(VALUE, VALUE, MASK), 'xor');
    asm.word(e.csrrw(0, VALUE, CSR.satp), 'csrrw satp');
  };
  const page = randomChangingPage(random, random.pick(['functions', 'scratch', 'superpage', 'gigapage']));
  if (random.chance(0.5)) emitUse(context, page);
  emitSwitch();
  emitUse(context, page);
  emitSwitch();
  if (random.chance(0.5)) emitUse(context, page);
}

/** Changes what S mode may do with the user's pages and with executable ones, then uses a page. */
function emitRights(context: Context): void {
  const { random, asm } = context;
  asm.word(e.csrrs(VALUE, 0, CSR.sstatus), 'csrrs sstatus');
  asm.word(e.lui(MASK, random.pick([SUM, MXR, SUM | MXR])), 'lui');
  asm.word(xor(VALUE, VALUE, MASK), 'xor');
  asm.word(e.csrrw(0, VALUE, CSR.sstatus), 'csrrw sstatus');
  emitUse(context, randomChangingPage(random, random.pick(['scratch', 'scratch', 'superpage', 'gigapage'])));
}

/** One change of a mapping with its use. Only where nothing around needs the registers 1 and 5 to 7. */
export function emitMappingChange(context: Context): void {
  const { random, asm } = context;
  if (!context.isTranslated || context.mode === 'M' || !asm.hasFreeSlots) return;
  const isSupervisor = context.mode === 'S';
  random.weighted<() => void>([
    [isSupervisor && context.canFence ? 6 : 0, () => emitFlip(context)],
    [isSupervisor ? 2 : 0, () => emitOtherSpace(context)],
    [isSupervisor ? 1 : 0, () => emitRights(context)],
    [
      isSupervisor ? 1 : 5,
      () => emitUse(context, randomChangingPage(random, random.pick(['functions', 'scratch']))),
    ],
  ])();
}

/** One change, or a loop of changes. */
export function emitMapping(context: Context): void {
  const { random } = context;
  if (random.chance(0.4)) {
    emitMappingChange(context);
    return;
  }
  emitCounted(context, 3 + random.below(12), () => {
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      emitMappingChange(context);
      emitBody(context);
    }
  });
}
