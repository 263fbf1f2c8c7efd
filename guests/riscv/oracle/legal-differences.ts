// Where QEMU 7.2 and Cofferdam's machine differ and the RISC-V specification allows both, or QEMU 7.2 errs.
// A row with `accepts` lets the comparison take over QEMU's value; the others describe what the generator leaves out,
// and where, or where the comparison of a program ends.
// Sections are those of RISC-V Privileged 20240411 ("P") and Unprivileged 20240411 ("U").
import { trapOf } from './coverage.ts';
import { fieldIndex, fieldValue, pcOf, type State } from './state.ts';

/** One field that differs in one step. */
export interface DifferentField {
  field: string;
  oracle: bigint;
  ours: bigint;
  /** The instruction that was executed or trapped. */
  instruction: number;
  /** The oracle's state after it. */
  after: State;
}

export interface LegalDifference {
  what: string;
  ours: string;
  qemu: string;
  section: string;
  /** Says whether a difference is this one; without it, the generator leaves the case out. */
  accepts?: (difference: DifferentField) => boolean;
}

const causeFields = { mtval: fieldIndex('mcause'), stval: fieldIndex('scause') };

function causeOf({ field, after }: DifferentField): bigint {
  return field === 'mtval' || field === 'stval' ? fieldValue(after, causeFields[field]) : -1n;
}

/** Found in the comparison of memory. */
export const TABLE_ENTRY_BITS = 'A and D of the page table entry of an AMO that faulted';
/** Found where only one machine traps; the comparison of the program ends there. */
const SPLIT_ACCESS_FAULT = 'PMP and misaligned accesses across the end of a page';
const SURROUNDED_REGION = 'PMP region within a misaligned access';

const OPCODE_AMO = 0x2f;
const LR_FUNCT5 = 2;

const isAmo = (instruction: number): boolean =>
  (instruction & 0x7f) === OPCODE_AMO && instruction >>> 27 !== LR_FUNCT5;

/** csrrs rd, time, x0 */
const isTimeRead = (instruction: number): boolean => (instruction & 0xffff_f07f) === (0xc010_2073 | 0);

/** Whether an instruction with this outcome (coverage.ts: `mode:cause`) is an AMO that faulted. */
export const isAmoFault = (instruction: number, outcome: string | undefined): boolean =>
  isAmo(instruction) && /^[MS]:(4|5|6|7|13|15)$/.test(outcome ?? '');

const PAGE_BYTES = 4096n;
const WIDEST_ACCESS = 8n;
const WORD_BYTES = 4n;

/** The address of the access that a trap at the vector in a state's pc refused by an access fault, if it is one. */
function refusedAddress(state: State): bigint | undefined {
  const outcome = trapOf(state, pcOf(state));
  if (outcome === undefined || !/^[MS]:[57]$/.test(outcome)) return undefined;
  return fieldValue(state, fieldIndex(outcome.startsWith('M') ? 'mtval' : 'stval'));
}

/** The difference that ends the comparison of a program because only one machine refuses an access, if it is one. */
export function endingDifference(oracle: State, ours: State): string | undefined {
  const theirs = refusedAddress(oracle);
  if (theirs !== undefined && theirs % PAGE_BYTES > PAGE_BYTES - WIDEST_ACCESS) return SPLIT_ACCESS_FAULT;
  const refused = refusedAddress(ours);
  if (refused !== undefined && refused % WORD_BYTES !== 0n) return SURROUNDED_REGION;
  return undefined;
}

/** Access fault → the page fault of the same kind of access. */
const pageFaultOf = new Map([
  [1n, 12n],
  [5n, 13n],
  [7n, 15n],
]);

export const legalDifferences: readonly LegalDifference[] = [
  {
    what: 'mtval after ebreak',
    ours: 'the address of the instruction',
    qemu: '0',
    section: 'P §3.1.16: mtval is zero or the faulting address, as the implementation chooses',
    accepts: (difference) =>
      causeOf(difference) === 3n &&
      difference.oracle === 0n &&
      difference.ours ===
        fieldValue(difference.after, fieldIndex(difference.field === 'mtval' ? 'mepc' : 'sepc')),
  },
  {
    what: 'mtval after a fault of a misaligned access',
    ours: 'the address of the access, or of its part in the second page',
    qemu: 'the address rounded down to the width of the access',
    section: 'P §3.1.16 asks for the portion that faulted; QEMU 7.2 names a lower address',
    accepts: (difference) =>
      [5n, 7n, 13n, 15n].includes(causeOf(difference)) &&
      difference.oracle < difference.ours &&
      difference.ours - difference.oracle < 8n &&
      difference.oracle % 2n === 0n,
  },
  {
    what: 'cause of a fault of an AMO',
    ours: '6, 7 or 15, a store/AMO exception',
    qemu: '4, 5 or 13, a load exception: it loads first',
    section: 'P §3.3.1 table 14 asks for ours; generator: these causes are delegated alike',
    accepts: ({ field, oracle, ours, instruction }) =>
      (field === 'mcause' || field === 'scause') &&
      [4n, 5n, 13n].includes(oracle) &&
      [6n, 7n, 15n].includes(ours) &&
      isAmo(instruction),
  },
  {
    what: 'a page table that is not in RAM',
    ours: 'access fault',
    qemu: 'page fault',
    section: 'P §12.3.2 step 2: access to the entry violates a PMA check (QEMU 7.2 errs)',
    accepts: ({ field, oracle, ours, after }) =>
      (field === 'mcause' || field === 'scause') &&
      pageFaultOf.get(ours) === oracle &&
      fieldValue(after, fieldIndex('satp')) >> 60n !== 0n,
  },
  {
    what: TABLE_ENTRY_BITS,
    ours: 'A and D are set as for a store, or not at all when the entry forbids stores',
    qemu: 'A is set before the entry is found to forbid stores; D is not set when the load part faults',
    section: 'P §12.3.1: A may be set early; D follows step 9 of §12.3.2; only accepted when an AMO faulted',
  },
  {
    what: SPLIT_ACCESS_FAULT,
    ours: 'two accesses, one to each page: each must lie within one region',
    qemu: 'unless the first page is in its TLB, its check is of as many bytes as the whole access has',
    section:
      'P §3.7.1 leaves open how a misaligned access is split; the comparison of the program ends there',
  },
  {
    what: SURROUNDED_REGION,
    ours: 'refused: the entry matches some bytes of the access, but not all',
    qemu: 'ignores the entry: it compares the first and the last byte',
    section: 'P §3.7.1 asks for ours; the comparison of the program ends there',
  },
  {
    what: 'S-mode fetch from a user page that was just read with SUM',
    ours: 'instruction page fault',
    qemu: 'executes: the TLB entry that the load filled lets fetches through',
    section:
      'P §3.1.6.3, §12.3.1 (QEMU 7.2 errs); generator: no executable user page in the S-mode alias of scratch',
  },
  {
    what: 'time',
    ours: 'stands still',
    qemu: 'passes with executed instructions',
    section: 'U §8.1; QEMU says when a timer runs out (timer-replay.ts)',
    accepts: ({ field, instruction }) => isTimeRead(instruction) && field === `x${(instruction >>> 7) & 31}`,
  },
  {
    what: 'cycle and instret',
    ours: 'count executed instructions',
    qemu: 'follow its clock',
    section: 'U §8.1; generator: counters are read into x0, so that only the permission is compared',
  },
  {
    what: 'satp.MODE = 10 (Sv57)',
    ours: 'not implemented: the write has no effect',
    qemu: 'implemented',
    section: 'P §12.1.11; generator: never written',
  },
  {
    what: 'mstatus.UXL',
    ours: 'read-only 2',
    qemu: 'writable',
    section: 'P §3.1.6.3 (WARL); generator: always written as 2',
  },
  {
    what: 'mstatus.MPP = 2',
    ours: 'the write leaves MPP as it was',
    qemu: 'kept as written',
    section: 'P §3.1.6.1 (WARL; QEMU 7.2 errs in holding an unimplemented mode); generator: never written',
  },
  {
    what: 'pmpcfg with R=0, W=1',
    ours: 'W is dropped',
    qemu: 'kept as written',
    section: 'P §3.7.1 (reserved, WARL); generator: never written',
  },
  {
    what: 'pmpaddr bits 63–54, mepc bit 0, mcounteren and scounteren bits 63–32',
    ours: 'read zero',
    qemu: 'kept as written',
    section: 'P §3.7.1, §3.1.14, §3.1.11 (QEMU 7.2 errs); generator: written as zero',
  },
  {
    what: 'mideleg and medeleg bits of the hypervisor extension, medeleg bit 11',
    ours: 'read zero',
    qemu: 'writable even without the hypervisor extension',
    section: 'P §3.1.8 (WARL; bit 11 must read zero, QEMU 7.2 errs); generator: written as zero',
  },
  {
    what: 'senvcfg.CBIE, CBCFE, CBZE',
    ours: 'read zero: no Zicbom, no Zicboz',
    qemu: 'writable without these extensions',
    section: 'P §12.1.10 (WARL); generator: only FIOM is written',
  },
  {
    what: 'csrrs and csrrc of a read-only CSR with a register other than x0 that holds zero',
    ours: 'illegal instruction',
    qemu: 'reads',
    section: 'U §7.1 asks for ours; generator: the register is not zero',
  },
  {
    what: 'priority of simultaneous interrupts',
    ours: 'external, software, timer',
    qemu: 'lowest number first (7.2, without AIA)',
    section: 'P §3.1.9 asks for ours; generator: one interrupt enabled at a time',
  },
];

/** The row that allows a difference, if one does. */
export const legalDifferenceOf = (difference: DifferentField): LegalDifference | undefined =>
  legalDifferences.find(({ accepts }) => accepts?.(difference) === true);
