// The machine's time: mtime and the time CSR, 10 MHz, the tick of the partition's reference time.
import { referenceTime } from '../../../lib/hv.ts';

/** Ticks of 100 ns since the partition was created. */
export function readTime(): u64 {
  return <u64>referenceTime();
}
