// The instructions of the page that a region is being found in, and what each is to a region.
import { branchOffset, jumpOffset } from '../machine/hart/decode.ts';
import { expanded, operationOf } from '../machine/hart/decoder.generated.ts';
import {
  KIND_BRANCH,
  KIND_CALL,
  KIND_FALL,
  KIND_GOTO,
  KIND_INDIRECT,
  KIND_INDIRECT_CALL,
  KIND_STOP,
  KIND_SYSTEM,
} from './blocks.ts';
import { isCalled, isInPlace, registersWritten } from './system.ts';

/** The major opcode of CSR, environment and privileged instructions. */
export const SYSTEM: u32 = 0x73;
let host: usize = 0;

/** Sets the page, by its address in the machine's memory. */
export function readFrom(pageHost: usize): void {
  host = pageHost;
}

/** Bytes of the instruction at an offset of the page; 0 when it does not end in the page. */
export function lengthAt(at: u32): u32 {
  if (at > 4094) return 0;
  if ((load<u16>(host + at) & 3) != 3) return 2;
  return at < 4094 ? 4 : 0;
}

/** The full instruction at an offset. */
export function wordAt(at: u32): u32 {
  const parcel = <u32>load<u16>(host + at);
  return (parcel & 3) != 3 ? expanded(parcel) : load<u32>(host + at);
}

/** Whether a jump that writes this register is a call (Unprivileged 20240411, table 3). */
function isLink(register: u32): bool {
  return register == 1 || register == 5;
}

/** What an instruction is to the region: KIND_FALL for all that only computes. */
export function kindOf(word: u32): u32 {
  const major = word & 0x7f;
  const link = (word >>> 7) & 31;
  if (operationOf(word) == 0) return KIND_STOP;
  if (major == SYSTEM) return isInPlace(word) ? KIND_FALL : isCalled(word) ? KIND_SYSTEM : KIND_STOP;
  if (major == 0x0f) return word & 0x7000 ? KIND_STOP : KIND_FALL;
  if (major == 0x63) return KIND_BRANCH;
  if (major == 0x6f) return isLink(link) ? KIND_CALL : KIND_GOTO;
  if (major == 0x67) return isLink(link) ? KIND_INDIRECT_CALL : KIND_INDIRECT;
  return KIND_FALL;
}

/** Integer registers that an instruction's translation sets, as bits. */
export function writtenBy(word: u32): u32 {
  if ((word & 0x7f) == SYSTEM) return isInPlace(word) ? registersWritten(word) : 0;
  return ((operationOf(word) >>> 25) & 3) == 1 ? ((<u32>1) << ((word >>> 7) & 31)) & ~1 : 0;
}

/** Whether an instruction may have to be left to the interpreter: memory accesses, float arithmetic, CSRs. */
export function mayLeave(word: u32): bool {
  const major = word & 0x7f;
  return (
    major == SYSTEM || (major & ~0x24) == 0x03 || major == 0x2f || (major & ~0x0c) == 0x43 || major == 0x53
  );
}

/** Whether a unit could begin at an offset: in the next page, or at an instruction that units do. */
export function canBegin(at: u32): bool {
  if (at > 4094) return true;
  return lengthAt(at) != 0 && kindOf(wordAt(at)) != KIND_STOP;
}

/** Where a branch, jump or call leads, as an offset of the page or beyond it. */
export function targetOf(at: u32, word: u32, kind: u32): i32 {
  if (kind == KIND_BRANCH) return <i32>at + branchOffset(word);
  return <i32>at + jumpOffset(word);
}
