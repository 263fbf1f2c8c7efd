// Why units were left, as the machine counted it while it was observed (translator/observation.ts), read from its memory.
import { disassemble } from '../isa/disassemble.ts';
import { LEAVE_COUNTS } from '../machine/hart/state.ts';
import { LEAVE_BYTES, LEAVE_ENTRIES, LEAVES } from '../machine/memory/layout.ts';
import {
  LEAVE_COLD,
  LEAVE_CONTEXT,
  LEAVE_INSTRUCTION,
  LEAVE_REASONS,
  LEAVE_SLICE,
  LEAVE_SYSTEM,
  LEAVE_TWO_PAGES,
  LEAVE_UNIT,
  LEAVE_UNMAPPED,
} from '../translator/leave-reasons.ts';

const reasonNames: Record<number, string> = {
  [LEAVE_TWO_PAGES]: 'accesses checked together lie in two pages',
  [LEAVE_SYSTEM]: 'system instruction below calls',
  [LEAVE_SLICE]: "the slice's end",
  [LEAVE_CONTEXT]: 'translated for another privilege or address space',
  [LEAVE_INSTRUCTION]: 'instruction for the interpreter: TLB miss, device, trap',
  [LEAVE_UNMAPPED]: 'to a page that the fetch TLB does not hold',
  [LEAVE_UNIT]: 'return that no call waited for',
  [LEAVE_COLD]: 'to code that is not translated',
};

export interface LeaveCount {
  reason: string;
  times: number;
}

/** A place where the interpreter goes on; `times` is at most too low. */
export interface LeavePlace extends LeaveCount {
  address: bigint;
  instruction: string;
}

/** By reason, the most frequent first. */
export function leaveCounts(memory: Uint8Array): LeaveCount[] {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  return Array.from({ length: LEAVE_REASONS }, (_, reason) => ({
    reason: nameOf(reason),
    times: Number(view.getBigUint64(LEAVE_COUNTS + 8 * reason, true)),
  }))
    .filter(({ times }) => times > 0)
    .sort((a, b) => b.times - a.times);
}

/** The places, the most frequent first. */
export function leavePlaces(memory: Uint8Array): LeavePlace[] {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  return Array.from({ length: LEAVE_ENTRIES }, (_, index) => LEAVES + index * LEAVE_BYTES)
    .map((entry) => {
      const address = view.getBigUint64(entry, true);
      const word = view.getUint32(entry + 16, true);
      return {
        address,
        reason: nameOf(view.getUint32(entry + 8, true)),
        times: view.getUint32(entry + 12, true),
        instruction: word === 0 ? '' : disassemble(word, address),
      };
    })
    .filter(({ times }) => times > 0)
    .sort((a, b) => b.times - a.times);
}

const nameOf = (reason: number): string => reasonNames[reason] ?? `reason ${reason}`;
