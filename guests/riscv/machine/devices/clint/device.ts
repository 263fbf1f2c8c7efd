// Core-local interruptor: machine timer and software interrupt (SiFive FU540-C000 Manual, chapter 9 "CLINT").
//
//   offset  name      width   access
//   0x0000  msip      32      rw      bit 0
//   0x4000  mtimecmp  64, 32  rw
//   0xbff8  mtime     64, 32  r       10 MHz, the same clock as rdtime
import { setInterruptPending } from '../../hart/hart.ts';
import { readTime } from '../../hart/time.ts';
import { CLINT_STATE } from '../device-memory.ts';

const MTIMECMP: usize = CLINT_STATE;
const MSIP: usize = CLINT_STATE + 8;

const OFFSET_MTIMECMP: u32 = 0x4000;
const OFFSET_MTIME: u32 = 0xbff8;
const MIP_MSIP: u32 = 3;
const MIP_MTIP: u32 = 7;

export function clintReset(): void {
  store<u64>(MTIMECMP, u64.MAX_VALUE);
}

/** Raises the timer interrupt when it is due. */
export function clintPoll(): void {
  const deadline = load<u64>(MTIMECMP);
  // Most guests have timers of their own: the clock is not asked for nothing, after each slice.
  setInterruptPending(MIP_MTIP, deadline != u64.MAX_VALUE && readTime() >= deadline);
}

/** When the timer interrupt will be due, in ticks; all ones for never. */
export function clintDeadline(): u64 {
  return load<u64>(MTIMECMP);
}

export function clintLoad(offset: u32, width: u32): u64 {
  if (offset == 0) return load<u32>(MSIP);
  let word: u64 = 0;
  if ((offset & ~7) == OFFSET_MTIMECMP) word = load<u64>(MTIMECMP);
  else if ((offset & ~7) == OFFSET_MTIME) word = readTime();
  if (width == 4) return (word >> ((<u64>(offset & 4)) << 3)) & 0xffff_ffff;
  return word;
}

export function clintStore(offset: u32, width: u32, value: u64): void {
  if (offset == 0) {
    store<u32>(MSIP, <u32>value & 1);
    setInterruptPending(MIP_MSIP, (value & 1) != 0);
  } else if ((offset & ~7) == OFFSET_MTIMECMP) {
    if (width == 8) store<u64>(MTIMECMP, value);
    else store<u32>(MTIMECMP + (offset & 4), <u32>value);
    clintPoll();
  }
}
