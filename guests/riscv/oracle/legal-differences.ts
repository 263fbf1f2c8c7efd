// Where QEMU 7.2 and Cofferdam's machine differ and the RISC-V specification allows both, or QEMU 7.2 errs.
// `mask` names bits that the comparison ignores; rows without one describe what the generator leaves out, and where.
// Sections are those of RISC-V Privileged 20240411 ("P") and Unprivileged 20240411 ("U").
import type { State } from './state.ts';

export interface LegalDifference {
  what: string;
  ours: string;
  qemu: string;
  section: string;
  /** The field that may differ and the bits that the comparison ignores. */
  mask?: { field: string; bits: (oracle: State, before: State) => bigint };
}

export const legalDifferences: readonly LegalDifference[] = [
  {
    what: 'time, cycle and instret',
    ours: 'advance with executed instructions',
    qemu: 'follow the host clock',
    section: 'U §8.1; generator: counters are read into x0, so that only the permission is compared',
  },
  {
    what: 'satp.MODE = 10 (Sv57)',
    ours: 'not implemented: the write has no effect',
    qemu: 'implemented',
    section: 'P §12.1.11; generator: never written',
  },
  {
    what: 'mstatus.UXL and SXL',
    ours: 'read-only 2',
    qemu: 'UXL is writable',
    section: 'P §3.1.6.3; generator: always written as 2',
  },
  {
    what: 'pmpcfg with R=0, W=1',
    ours: 'WARL',
    qemu: 'kept as written',
    section: 'P §3.7.1 (reserved); generator: never written',
  },
];

/** The bits of a field that may differ in this step. */
export function maskOf(field: string, oracle: State, before: State): bigint {
  let bits = 0n;
  for (const { mask } of legalDifferences) if (mask?.field === field) bits |= mask.bits(oracle, before);
  return bits;
}
