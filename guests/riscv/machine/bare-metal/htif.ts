// HTIF's tohost word: an odd value ends the run, its upper bits are the exit code (0: passed).
import { requestExit } from '../hart/hart.ts';

/** Called after a store to tohost with its new value. */
export function htifWrite(value: u64): void {
  if (value & 1) requestExit(1, <u32>(value >> 1));
}
