// How long slices are, in instructions: interrupts and devices are looked at between them. A timer's interrupt is to come
// within 100 µs of guest time, whatever runs: translated code that adds does ten times as much in that time as code that
// divides, or waits for memory, or the interpreter. So a slice is as long as what ran last does in 60 µs.
import { SLICE_LENGTH } from './state.ts';

const AIM_TICKS: u64 = 600;
/** Units compare a slice's rest with 16 bits (emitIsOver), and nothing is gained beyond: its end costs 2 % of so much. */
export const LONGEST_SLICE: i32 = 49_152;
/** For code that does 10 million in a second; the host may also have had others to run meanwhile. */
const SHORTEST_SLICE: i32 = 512;

export function sliceLength(): i32 {
  return max(load<i32>(SLICE_LENGTH), SHORTEST_SLICE);
}

/** `instructions` took so many ticks: what came is taken for what will come, but slices grow slowly. */
export function adaptSlices(instructions: i32, ticks: u64): void {
  const length = sliceLength();
  if (ticks <= AIM_TICKS) {
    if (instructions >= length) store<i32>(SLICE_LENGTH, min(length + (length >> 2), LONGEST_SLICE));
  } else {
    // What a slice ran beyond its length is not to make the next one longer.
    const fitting = (<u64>max(instructions, 1) * AIM_TICKS) / ticks;
    store<i32>(SLICE_LENGTH, <i32>min<u64>(fitting, <u64>LONGEST_SLICE));
  }
}
