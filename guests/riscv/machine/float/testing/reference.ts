// An independent reference for arithmetic and conversions: exact rationals on BigInt, rounded by definition
// (IEEE 754-2019 §4.3, §5.4, §7; RISC-V Unprivileged, "F" chapter). Slow, and shares nothing with what it judges.

export const flag = { inexact: 1, underflow: 2, overflow: 4, divideByZero: 8, invalid: 16 };

export interface Format {
  precision: number;
  exponentMax: number;
  width: number;
}

export const binary32: Format = { precision: 24, exponentMax: 127, width: 32 };
export const binary64: Format = { precision: 53, exponentMax: 1023, width: 64 };

export interface Result {
  result: bigint;
  flags: number;
}

/** A non-negative rational, or its square root. */
interface Magnitude {
  numerator: bigint;
  denominator: bigint;
  isRoot?: boolean;
}

type Value =
  | { kind: 'nan'; signalling: boolean }
  | { kind: 'infinity'; negative: boolean }
  | { kind: 'number'; negative: boolean; numerator: bigint; denominator: bigint };

const power = (exponent: number): bigint => 1n << BigInt(exponent);
const fractionBits = (format: Format): number => format.precision - 1;
const signBit = (format: Format): bigint => power(format.width - 1);
const infinityBits = (format: Format): bigint => signBit(format) - power(fractionBits(format));
const canonicalNan = (format: Format): bigint => infinityBits(format) + power(fractionBits(format) - 1);

export function decode(bits: bigint, format: Format): Value {
  const negative = bits >= signBit(format);
  const magnitude = negative ? bits - signBit(format) : bits;
  if (magnitude > infinityBits(format)) {
    return { kind: 'nan', signalling: (magnitude & power(fractionBits(format) - 1)) === 0n };
  }
  if (magnitude === infinityBits(format)) return { kind: 'infinity', negative };
  const field = Number(magnitude >> BigInt(fractionBits(format)));
  const fraction = magnitude % power(fractionBits(format));
  const significand = field === 0 ? fraction : fraction + power(fractionBits(format));
  const exponent = Math.max(field, 1) - format.exponentMax - fractionBits(format);
  return {
    kind: 'number',
    negative,
    numerator: exponent > 0 ? significand * power(exponent) : significand,
    denominator: exponent < 0 ? power(-exponent) : 1n,
  };
}

/** Compares a magnitude, or what it is the root of, with integer × 2^exponent / 2. */
function compareHalves(value: Magnitude, halves: bigint, exponent: number): number {
  let left = value.numerator * 2n ** (value.isRoot ? 2n : 1n);
  let right = (value.isRoot ? halves * halves : halves) * value.denominator;
  const scale = value.isRoot ? 2 * exponent : exponent;
  if (scale > 0) right *= power(scale);
  else left *= power(-scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

function integerRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let guess = power(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (guess + n / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** The integer part of value / 2^exponent. */
function wholeUnits(value: Magnitude, exponent: number): bigint {
  const scale = value.isRoot ? 2 * exponent : exponent;
  const numerator = scale < 0 ? value.numerator * power(-scale) : value.numerator;
  const units = numerator / (scale > 0 ? value.denominator * power(scale) : value.denominator);
  return value.isRoot ? integerRoot(units) : units;
}

/** value as a multiple of 2^exponent, rounded. */
function roundToUnits(
  value: Magnitude,
  exponent: number,
  { negative, rm }: { negative: boolean; rm: number },
): { units: bigint; isExact: boolean } {
  const units = wholeUnits(value, exponent);
  if (compareHalves(value, 2n * units, exponent) === 0) return { units, isExact: true };
  const beyondHalf = compareHalves(value, 2n * units + 1n, exponent);
  const up = [
    beyondHalf > 0 || (beyondHalf === 0 && units % 2n === 1n),
    false,
    negative,
    !negative,
    beyondHalf >= 0,
  ][rm];
  return { units: up ? units + 1n : units, isExact: false };
}

/** Exponent of the leading one. */
function leadingExponent(value: Magnitude): number {
  const bits = (n: bigint): number => n.toString(2).length;
  let exponent = bits(value.numerator) - bits(value.denominator);
  if (value.isRoot) exponent = Math.floor(exponent / 2);
  while (wholeUnits(value, exponent) === 0n) exponent--;
  while (wholeUnits(value, exponent + 1) > 0n) exponent++;
  return exponent;
}

export function round(value: Magnitude, negative: boolean, rm: number, format: Format): Result {
  const sign = negative ? signBit(format) : 0n;
  if (value.numerator === 0n) return { result: sign, flags: 0 };
  const exponentMin = 1 - format.exponentMax;
  const unbounded = leadingExponent(value) - fractionBits(format);
  const quantum = Math.max(unbounded, exponentMin - fractionBits(format));
  const { units, isExact } = roundToUnits(value, quantum, { negative, rm });
  // Units count up through the encodings, from the subnormals on; a carry ends in the next binade.
  const encoded =
    units + BigInt(quantum - (exponentMin - fractionBits(format))) * power(fractionBits(format));
  if (encoded >= infinityBits(format)) {
    const staysFinite = rm === 1 || (rm === 2 && !negative) || (rm === 3 && negative);
    const result = sign + infinityBits(format) - (staysFinite ? 1n : 0n);
    return { result, flags: flag.overflow | flag.inexact };
  }
  if (isExact) return { result: sign + encoded, flags: 0 };
  const asIfUnbounded = roundToUnits(value, unbounded, { negative, rm }).units;
  const smallestNormal = exponentMin - unbounded;
  const isTiny = smallestNormal > 0 && asIfUnbounded < power(smallestNormal);
  return { result: sign + encoded, flags: isTiny ? flag.inexact | flag.underflow : flag.inexact };
}

const invalid = (format: Format): Result => ({ result: canonicalNan(format), flags: flag.invalid });

function nanAmong(values: Value[], format: Format): Result | undefined {
  if (!values.some(({ kind }) => kind === 'nan')) return undefined;
  const signals = values.some((value) => value.kind === 'nan' && value.signalling);
  return { result: canonicalNan(format), flags: signals ? flag.invalid : 0 };
}

const signedInfinity = (negative: boolean, format: Format): Result => ({
  result: infinityBits(format) + (negative ? signBit(format) : 0n),
  flags: 0,
});

/** a × b + c; addition is the case where b is 1, multiplication the one where `c` is absent. */
export function mulAdd(a: bigint, b: bigint, c: bigint | undefined, rm: number, format: Format): Result {
  const [x, y] = [decode(a, format), decode(b, format)] as const;
  const z = c === undefined ? undefined : decode(c, format);
  const isZero = (value: Value): boolean => value.kind === 'number' && value.numerator === 0n;
  const noProduct =
    (x.kind === 'infinity' && isZero(y)) || (y.kind === 'infinity' && isZero(x))
      ? invalid(format)
      : undefined;
  const nan = nanAmong(z ? [x, y, z] : [x, y], format);
  if (nan && noProduct) return noProduct;
  if (nan ?? noProduct) return (nan ?? noProduct)!;
  if (x.kind === 'nan' || y.kind === 'nan' || z?.kind === 'nan') throw new Error('handled above');
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinity' || y.kind === 'infinity') {
    if (z?.kind === 'infinity' && z.negative !== negative) return invalid(format);
    return signedInfinity(negative, format);
  }
  if (z?.kind === 'infinity') return signedInfinity(z.negative, format);
  const product = x.numerator * y.numerator;
  const denominator = x.denominator * y.denominator;
  if (!z) return round({ numerator: product, denominator }, negative, rm, format);
  const signed = (isNegative: boolean, n: bigint): bigint => (isNegative ? -n : n);
  const sum = signed(negative, product) * z.denominator + signed(z.negative, z.numerator) * denominator;
  if (sum === 0n) {
    const zeroIsNegative = product === 0n && negative === z.negative ? negative : rm === 2;
    return { result: zeroIsNegative ? signBit(format) : 0n, flags: 0 };
  }
  const numerator = sum < 0n ? -sum : sum;
  return round({ numerator, denominator: denominator * z.denominator }, sum < 0n, rm, format);
}

export function divide(a: bigint, b: bigint, rm: number, format: Format): Result {
  const [x, y] = [decode(a, format), decode(b, format)] as const;
  const nan = nanAmong([x, y], format);
  if (nan) return nan;
  if (x.kind === 'nan' || y.kind === 'nan') throw new Error('handled above');
  const negative = x.negative !== y.negative;
  if (x.kind === 'infinity')
    return y.kind === 'infinity' ? invalid(format) : signedInfinity(negative, format);
  if (y.kind === 'infinity') return { result: negative ? signBit(format) : 0n, flags: 0 };
  if (y.numerator === 0n) {
    if (x.numerator === 0n) return invalid(format);
    return { ...signedInfinity(negative, format), flags: flag.divideByZero };
  }
  const quotient = { numerator: x.numerator * y.denominator, denominator: x.denominator * y.numerator };
  return round(quotient, negative, rm, format);
}

export function squareRoot(a: bigint, rm: number, format: Format): Result {
  const x = decode(a, format);
  const nan = nanAmong([x], format);
  if (nan) return nan;
  if (x.kind === 'nan') throw new Error('handled above');
  if (x.kind === 'number' && x.numerator === 0n) return { result: a, flags: 0 };
  if (x.negative) return invalid(format);
  if (x.kind === 'infinity') return { result: a, flags: 0 };
  return round({ numerator: x.numerator, denominator: x.denominator, isRoot: true }, false, rm, format);
}

export function convert(a: bigint, rm: number, from: Format, to: Format): Result {
  const x = decode(a, from);
  const nan = nanAmong([x], to);
  if (nan) return nan;
  if (x.kind === 'nan') throw new Error('handled above');
  if (x.kind === 'infinity') return signedInfinity(x.negative, to);
  return round(x, x.negative, rm, to);
}

/** `value` is the integer itself, signed. */
export function fromInteger(value: bigint, rm: number, format: Format): Result {
  return round({ numerator: value < 0n ? -value : value, denominator: 1n }, value < 0n, rm, format);
}

/** The result as a 64-bit register holds it. */
export function toInteger(
  a: bigint,
  rm: number,
  format: Format,
  { bits, isSigned }: { bits: number; isSigned: boolean },
): Result {
  const x = decode(a, format);
  const lowest = isSigned ? -power(bits - 1) : 0n;
  const highest = isSigned ? power(bits - 1) - 1n : power(bits) - 1n;
  const register = (value: bigint): bigint => BigInt.asUintN(64, BigInt.asIntN(bits, value));
  if (x.kind === 'nan') return { result: register(highest), flags: flag.invalid };
  if (x.kind === 'infinity') return { result: register(x.negative ? lowest : highest), flags: flag.invalid };
  const { units, isExact } = roundToUnits(x, 0, { negative: x.negative, rm });
  const integer = x.negative ? -units : units;
  if (integer < lowest) return { result: register(lowest), flags: flag.invalid };
  if (integer > highest) return { result: register(highest), flags: flag.invalid };
  return { result: register(integer), flags: isExact ? 0 : flag.inexact };
}
