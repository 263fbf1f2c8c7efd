// Operand values at the edges: where carries, signs, roundings, subnormals, NaN boxes and conversions change their mind.
import type { Random } from './random.ts';

const doubleBits = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};

const boxed = (value: number | bigint): bigint => 0xffff_ffff_0000_0000n | BigInt(value);

const integers: readonly bigint[] = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0x8000_0001n,
  0xffff_ffffn,
  0x1_0000_0000n,
  -0x8000_0000n,
  -0x8000_0001n,
  0x7fff_ffff_ffff_ffffn,
  -0x8000_0000_0000_0000n,
  -0x7fff_ffff_ffff_ffffn,
  0x5555_5555_5555_5555n,
  -0x5555_5555_5555_5556n,
];

const doubles: readonly bigint[] = [
  0n,
  1n << 63n,
  1n,
  (1n << 63n) | 1n,
  0x000f_ffff_ffff_ffffn,
  0x0010_0000_0000_0000n,
  0x8010_0000_0000_0000n,
  0x0010_0000_0000_0001n,
  0x7fef_ffff_ffff_ffffn,
  0xffef_ffff_ffff_ffffn,
  0x7ff0_0000_0000_0000n,
  0xfff0_0000_0000_0000n,
  0x7ff8_0000_0000_0000n,
  0xfff8_0000_0000_0000n,
  0x7ff0_0000_0000_0001n,
  0xfff4_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  ...[1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 1 / 3, 2 ** 31, -(2 ** 31), 2 ** 31 - 0.5, -(2 ** 31) - 1].map(
    doubleBits,
  ),
  ...[2 ** 32, 2 ** 32 - 0.5, 2 ** 53, 2 ** 53 - 1, 2 ** 63, -(2 ** 63), 2 ** 64, 2 ** -149, 2 ** -126].map(
    doubleBits,
  ),
  ...[
    2 ** -150,
    2 ** -127,
    2 ** 128,
    3.4028235677973366e38,
    3.4028234663852886e38,
    1e-308,
    -0.1,
    0.999999,
  ].map(doubleBits),
];

const singles: readonly number[] = [
  0, 0x8000_0000, 1, 0x8000_0001, 0x007f_ffff, 0x0080_0000, 0x8080_0000, 0x0080_0001, 0x7f7f_ffff,
  0xff7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xffa0_0000, 0x7fff_ffff,
  0x3f80_0000, 0xbf80_0000, 0x3f00_0000, 0xbf00_0000, 0x3fc0_0000, 0x4020_0000, 0xc020_0000, 0x4f00_0000,
  0xcf00_0000, 0x4eff_ffff, 0x4f80_0000, 0x5f00_0000, 0xdf00_0000, 0x5f80_0000, 0x4b00_0000, 0x4b80_0001,
  0x3eaa_aaab, 0x3f7f_ffff, 0x3400_0000, 0x0000_0100,
];

/** A 64-bit integer near an edge, or any. */
export function specialInteger(random: Random): bigint {
  if (random.chance(0.25)) return random.next64();
  if (random.chance(0.2)) return (1n << BigInt(random.below(64))) - BigInt(random.below(3));
  return random.pick(integers);
}

/** Exponents that meet: operands whose sums and products cancel, underflow or overflow together. */
function clusteredDouble(random: Random): bigint {
  const sign = BigInt(random.below(2)) << 63n;
  const exponent = BigInt(
    random.pick([0, 1, 2, 3, 511, 512, 1021, 1022, 1023, 1024, 1025, 1075, 1533, 2045, 2046]),
  );
  const fraction = random.pick([
    0n,
    1n,
    0xf_ffff_ffff_ffffn,
    0x8_0000_0000_0000n,
    random.next64() & 0xf_ffff_ffff_ffffn,
    random.next64() & 0xf_ffff_ffff_ffffn & ~0x1fff_ffffn,
  ]);
  return sign | (exponent << 52n) | fraction;
}

function clusteredSingle(random: Random): number {
  const exponent = random.pick([0, 1, 2, 63, 64, 104, 125, 126, 127, 128, 129, 150, 190, 253, 254]);
  const fraction = random.pick([
    0,
    1,
    0x7f_ffff,
    0x40_0000,
    random.next32() & 0x7f_ffff,
    random.next32() & 0x7f_f000,
  ]);
  return ((random.below(2) << 31) | (exponent << 23) | fraction) >>> 0;
}

/** What a floating-point register may hold: doubles, boxed singles and broken boxes. */
export function specialFloat(random: Random): bigint {
  return random.weighted<() => bigint>([
    [5, () => random.pick(doubles)],
    [4, () => clusteredDouble(random)],
    [6, () => boxed(random.pick(singles))],
    [5, () => boxed(clusteredSingle(random))],
    [1, () => 0xffff_fffe_0000_0000n | BigInt(random.pick(singles))],
    [1, () => BigInt(random.pick(singles))],
    [1, () => random.next64()],
    [1, () => boxed(random.next32())],
  ])();
}
