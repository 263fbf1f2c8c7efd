// mcycle and minstret: both count retired instructions, so that runs repeat (RISC-V Privileged 20241101, §3.1.10).
import { COUNTER, MCOUNTINHIBIT, MCYCLE_OFFSET, MINSTRET_OFFSET, RETIRED, SLICE } from './state.ts';

/** Instructions retired before the one that asks. */
function retiredNow(): u64 {
  return load<u64>(RETIRED) + <u64>(<i64>(load<i32>(SLICE) - load<i32>(COUNTER) - 1));
}

function isInhibited(bit: u64): bool {
  return (load<u64>(MCOUNTINHIBIT) & bit) != 0;
}

function offsetAt(bit: u64): usize {
  return bit == 1 ? MCYCLE_OFFSET : MINSTRET_OFFSET;
}

/** Reads a counter: bit 1 mcycle, bit 4 minstret (their bits in mcountinhibit). */
export function readCounter(bit: u64): u64 {
  const offset = load<u64>(offsetAt(bit));
  return isInhibited(bit) ? offset : offset + retiredNow();
}

/** The written value is what the next instruction reads. */
export function writeCounter(bit: u64, value: u64): void {
  store<u64>(offsetAt(bit), isInhibited(bit) ? value : value - retiredNow() - 1);
}

/** Freezes and releases counters by mcountinhibit's new value. */
export function inhibitCounters(value: u64): void {
  const cycle = readCounter(1);
  const instret = readCounter(4);
  store<u64>(MCOUNTINHIBIT, value & 5);
  store<u64>(MCYCLE_OFFSET, isInhibited(1) ? cycle : cycle - retiredNow());
  store<u64>(MINSTRET_OFFSET, isInhibited(4) ? instret : instret - retiredNow());
}
