// Zicsr (RISC-V Unprivileged 20240411, chapter 7).

import { readCsr, writeCsr } from './csr.ts';
import { isCsrAllowed } from './csr-access.ts';
import { addressOf } from './fetch.ts';
import { INTERRUPT_LINES, MIP, X } from './state.ts';
import { MIP_SEIP } from './status-bits.ts';
import { illegalAt, resumeAt } from './traps.ts';

/** The six CSR instructions; the slot's immediate holds the instruction. */
export function csrInstruction(ip: usize): usize {
  const word = load<u32>(ip, 4);
  const number = word >>> 20;
  const source = (word >>> 15) & 31;
  const kind = (word >>> 12) & 3;
  const destination = (<usize>((word >>> 7) & 31)) << 3;
  const writes = kind == 1 || source != 0;
  if (!isCsrAllowed(number, writes)) return illegalAt(ip);
  const operand: u64 = word & 0x4000 ? source : load<u64>(X + ((<usize>source) << 3));
  const old: u64 = kind == 1 && destination == 0 ? 0 : readCsr(number);
  if (writes) {
    const base = number == 0x344 ? withoutExternalLine(old) : old;
    writeCsr(number, kind == 1 ? operand : kind == 2 ? base | operand : base & ~operand);
  }
  if (destination) store<u64>(X + destination, old);
  return writes && mayUnmask(number) ? resumeAt(addressOf(ip) + 4) : ip + 16;
}

/** Set and clear act on SEIP's software bit, not on what the interrupt controller drives (§3.1.9). */
function withoutExternalLine(pending: u64): u64 {
  return load<u64>(INTERRUPT_LINES) & MIP_SEIP
    ? (pending & ~MIP_SEIP) | (load<u64>(MIP) & MIP_SEIP)
    : pending;
}

/** Registers after whose writing an interrupt may be taken, or code be fetched from elsewhere. */
function mayUnmask(number: u32): bool {
  const low = number & 0xff;
  return (
    low == 0x00 ||
    low == 0x03 ||
    low == 0x04 ||
    low == 0x44 ||
    low == 0x4d ||
    low == 0x80 ||
    low == 0x0a ||
    low >= 0xa0
  );
}
