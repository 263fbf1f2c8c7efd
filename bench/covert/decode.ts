// From the receiver's values to the capacity of the channel, as a binary symmetric one: half of the slots teach the
// decoder a threshold, its direction and how far the ends are out of step; with these it reads the other half.

const MAX_SHIFT = 2;
/** Standard deviations to either side that hold 95 %. */
const Z = 1.96;

export interface Decoder {
  threshold: number;
  isOneAbove: boolean;
  /** Slots by which values are late. */
  shift: number;
}

export interface Reading {
  bits: number;
  errors: number;
  errorRate: number;
  /** Bits per slot: the estimate, and where the error rate's 95 % interval (Wilson) puts it. */
  capacity: number;
  least: number;
  most: number;
}

const errorsOf = (
  values: readonly number[],
  bits: readonly boolean[],
  { threshold, isOneAbove }: Decoder,
): number =>
  values.reduce((sum, value, index) => sum + ((value > threshold === isOneAbove) === bits[index] ? 0 : 1), 0);

/** Values that belong to bits, and those bits, for one shift. */
function aligned(values: readonly number[], bits: readonly boolean[], shift: number) {
  const from = Math.max(0, -shift);
  const to = Math.min(bits.length, values.length - shift);
  return { bits: bits.slice(from, to), values: values.slice(from + shift, to + shift) };
}

/** The decoder that errs least, per bit, on slots whose bits are known. */
export function learn(values: readonly number[], bits: readonly boolean[]): Decoder {
  let best: Decoder = { threshold: 0, isOneAbove: true, shift: 0 };
  let fewest = Infinity;
  // Shifts near zero first: of equals the plainest counts.
  const shifts = Array.from({ length: 2 * MAX_SHIFT + 1 }, (_, index) => index - MAX_SHIFT);
  for (const shift of shifts.sort((a, b) => Math.abs(a) - Math.abs(b))) {
    const taken = aligned(values, bits, shift);
    for (const threshold of new Set(taken.values)) {
      for (const isOneAbove of [true, false]) {
        const decoder = { threshold, isOneAbove, shift };
        const rate = errorsOf(taken.values, taken.bits, decoder) / taken.bits.length;
        if (rate < fewest) {
          fewest = rate;
          best = decoder;
        }
      }
    }
  }
  return best;
}

/** Bits per use of a binary symmetric channel; nothing where errors are as likely as not, or more. */
export function capacity(errorRate: number): number {
  if (errorRate >= 0.5) return 0;
  if (errorRate <= 0) return 1;
  return 1 + errorRate * Math.log2(errorRate) + (1 - errorRate) * Math.log2(1 - errorRate);
}

/** The 95 % interval of a rate (Wilson's). */
export function wilson(errors: number, count: number): { low: number; high: number } {
  const rate = errors / count;
  const scale = 1 + Z ** 2 / count;
  const middle = (rate + Z ** 2 / (2 * count)) / scale;
  const half = (Z / scale) * Math.sqrt((rate * (1 - rate)) / count + Z ** 2 / (4 * count ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** Learns from the first half of the slots and reads the second. */
export function read(values: readonly number[], bits: readonly boolean[]): Reading {
  const half = bits.length >> 1;
  const decoder = learn(values.slice(0, half), bits.slice(0, half));
  const taken = aligned(values.slice(half), bits.slice(half), decoder.shift);
  const errors = errorsOf(taken.values, taken.bits, decoder);
  const count = taken.bits.length;
  const { low, high } = wilson(errors, count);
  return {
    bits: count,
    errors,
    errorRate: errors / count,
    capacity: capacity(errors / count),
    least: capacity(high),
    most: capacity(low),
  };
}
