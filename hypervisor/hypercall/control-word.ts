// Checks the parts of a hypercall's control word that no call may set wrongly (TLFS: "Hypercall Inputs").
import {
  HV_HYPERCALL_FAST,
  HV_HYPERCALL_REP_COUNT_MASK,
  HV_HYPERCALL_REP_START_SHIFT,
  HV_HYPERCALL_RESERVED_HI,
  HV_HYPERCALL_RESERVED_LO,
  HV_HYPERCALL_VARIABLE_HEADER_MASK,
  HV_HYPERCALL_VARIABLE_HEADER_SHIFT,
} from '../abi/hypercalls.ts';
import { HV_STATUS_INVALID_HYPERCALL_INPUT, HV_STATUS_SUCCESS } from '../abi/status.ts';

const VARIABLE_HEADER = HV_HYPERCALL_VARIABLE_HEADER_MASK << HV_HYPERCALL_VARIABLE_HEADER_SHIFT;

/** How a call takes its input. None of ours has a variable header. */
export type CallForm = 'fast' | 'memory' | 'rep';

/** InvalidHypercallInput unless the word fits a call of this form. */
export function checkControlWord(lo: number, hi: number, form: CallForm): number {
  if ((lo & (HV_HYPERCALL_RESERVED_LO | VARIABLE_HEADER)) !== 0 || (hi & HV_HYPERCALL_RESERVED_HI) !== 0) {
    return HV_STATUS_INVALID_HYPERCALL_INPUT;
  }
  const isFast = (lo & HV_HYPERCALL_FAST) !== 0;
  if (isFast !== (form === 'fast')) return HV_STATUS_INVALID_HYPERCALL_INPUT;
  const reps = repCount(hi);
  const start = repStart(hi);
  const isRepRight = form === 'rep' ? start < reps : reps === 0 && start === 0;
  return isRepRight ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_HYPERCALL_INPUT;
}

/** Bits 43..32: how many elements the call has. */
export function repCount(hi: number): number {
  return hi & HV_HYPERCALL_REP_COUNT_MASK;
}

/** Bits 59..48: the element to start with. */
export function repStart(hi: number): number {
  return (hi >>> HV_HYPERCALL_REP_START_SHIFT) & HV_HYPERCALL_REP_COUNT_MASK;
}

/** The result word, folded: status | reps completed << 16. */
export function foldResult(status: number, repsCompleted: number): number {
  return status | (repsCompleted << 16);
}
