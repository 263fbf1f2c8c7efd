// Where exactness is won or lost: the ends of the normal range, ties by one unit in a place far away, integers
// that just fit. Random operands hardly ever land there. Beside exact rational arithmetic, as in properties.test.ts.
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { check, encodings, expectSameInAllWays, roundingMode } from './testing/checking.ts';
import {
  binary32,
  binary64,
  convert,
  divide,
  type Format,
  fromInteger,
  mulAdd,
  type Result,
  round,
} from './testing/reference.ts';
import { FloatModule } from './testing/test-module.ts';

let float: FloatModule;
beforeAll(async () => {
  float = await FloatModule.load();
});

const expectOutcome = (name: string, rm: number, operands: bigint[], expected: Result): void =>
  expectSameInAllWays(float, { name, rm, operands }, expected);

/** The encoding of ±numerator / denominator, which must be representable. */
function encode(numerator: bigint, denominator: bigint, format: Format): bigint {
  const magnitude = { numerator: numerator < 0n ? -numerator : numerator, denominator };
  const { result, flags } = round(magnitude, numerator < 0n, 0, format);
  if (flags !== 0) throw new Error(`${numerator}/${denominator} is not representable`);
  return result;
}

const roundingModes = [0, 1, 2, 3, 4];

describe.each([
  { prefix: 'f32', format: binary32 },
  { prefix: 'f64', format: binary64 },
])('$prefix at the ends of the normal range', ({ prefix, format }) => {
  const stored = BigInt(format.precision - 1);
  const smallest = 1n << stored;
  const infinity = BigInt(2 * format.exponentMax + 1) << stored;
  const sign = 1n << BigInt(format.width - 1);
  const fraction = fc.oneof(fc.bigInt({ min: 0n, max: smallest - 1n }), fc.constant(0n));
  const edge = fc.constantFrom(smallest, smallest, smallest << 1n, infinity - 1n);
  const ulps = fc.bigInt({ min: -2n, max: 2n });
  /** A magnitude from 2^-20 to 2^20. */
  const moderate = fc
    .tuple(fraction, fc.integer({ min: -20, max: 19 }))
    .map(([low, exponent]) => (BigInt(format.exponentMax + exponent) << stored) | low);

  it('multiplies to the edge, with and without something added', () => {
    const addend = fc.constantFrom(0n, sign, 1n, sign | 1n);
    check(
      fc.property(edge, moderate, ulps, addend, roundingMode, (limit, b, by, c, rm) => {
        const a = divide(limit, b, 0, format).result + by;
        if (a < 0n || a >= infinity) return;
        for (const operand of [a, a | sign]) {
          expectOutcome(`${prefix}Mul`, rm, [operand, b], mulAdd(operand, b, undefined, rm, format));
          expectOutcome(`${prefix}MulAdd`, rm, [operand, b, c], mulAdd(operand, b, c, rm, format));
        }
      }),
    );
  });

  it('divides to the edge', () => {
    check(
      fc.property(edge, moderate, ulps, roundingMode, (limit, b, by, rm) => {
        const a = mulAdd(limit, b, undefined, 0, format).result + by;
        if (a < 0n || a >= infinity) return;
        for (const operand of [a, a | sign])
          expectOutcome(`${prefix}Div`, rm, [operand, b], divide(operand, b, rm, format));
      }),
    );
  });

  it('sees tininess after rounding, as if the exponent were unbounded', () => {
    // The smallest normal number less k quarters of what would be half an ulp below it.
    const denominator = 1n << BigInt(format.precision + 3);
    const factor = encode(1n, 1n << BigInt(format.exponentMax - 1), format);
    for (let k = 0n; k < 40n; k++) {
      const other = encode(-k, denominator, format);
      for (const rm of roundingModes) {
        for (const flip of [0n, sign]) {
          const operands = [factor ^ flip, other, smallest ^ flip] as const;
          expectOutcome(`${prefix}MulAdd`, rm, [...operands], mulAdd(...operands, rm, format));
        }
      }
    }
  });

  it('adds to the edge of overflow', () => {
    check(
      fc.property(fraction, fc.nat(3), ulps, roundingMode, (low, below, by, rm) => {
        const a = infinity - 1n - (low >> 40n);
        const ulpExponent = BigInt(2 * format.exponentMax - format.precision - below + 1);
        const b = (ulpExponent << stored) + (by < 0n ? smallest + by : by);
        for (const flip of [0n, sign]) {
          const one = BigInt(format.exponentMax) << stored;
          const expected = mulAdd(a ^ flip, one, b ^ flip, rm, format);
          expectOutcome(`${prefix}Add`, rm, [a ^ flip, b ^ flip], expected);
          expectOutcome(`${prefix}MulAdd`, rm, [a ^ flip, one, b ^ flip], expected);
        }
      }),
    );
  });
});

describe('floating point one unit away from a tie', () => {
  it('sees a product that ends 105 places below its leading one', () => {
    // 2^105 + 1 has factors of 53 bits each: half an ulp of 2^158, and a little more.
    const [a, b] = [encode(7199155462287987n, 1n, binary64), encode(5634663596278459n, 1n, binary64)];
    const sign = 1n << 63n;
    for (const c of [
      1n << 158n,
      (1n << 158n) + (1n << 106n),
      3n << 157n,
      (3n << 157n) + (1n << 106n),
      1n << 157n,
    ]) {
      const addend = encode(c, 1n, binary64);
      for (const rm of roundingModes) {
        for (const operands of [
          [a, b, addend],
          [a ^ sign, b, addend],
          [a, b, addend ^ sign],
          [a ^ sign, b, addend ^ sign],
        ] as const) {
          expectOutcome('f64MulAdd', rm, [...operands], mulAdd(...operands, rm, binary64));
        }
      }
    }
  });

  it('narrows numbers around every tie near the ends of the binary32 range', () => {
    for (const start of [1n << 126n, (1n << 127n) - (1n << 100n)]) {
      for (let k = -40n; k <= 40n; k++) {
        const low = encode((1n << 30n) + k, 1n << 156n, binary64);
        const high = encode(start + (k << 101n), 1n, binary64);
        for (const rm of roundingModes) {
          for (const a of [low, low | (1n << 63n), high, high | (1n << 63n)])
            expectOutcome('f64ToF32', rm, [a], convert(a, rm, binary64, binary32));
        }
      }
    }
  });
});

describe('integers that just fit', () => {
  it('converts powers of two give or take a few', () => {
    for (let bit = 20n; bit <= 64n; bit++) {
      for (let by = -5n; by <= 5n; by++) {
        const value = (1n << bit) + by;
        for (const rm of roundingModes) {
          for (const [name, format] of [['F32', binary32] as const, ['F64', binary64] as const]) {
            if (value < 1n << 64n) expectOutcome(`u64To${name}`, rm, [value], fromInteger(value, rm, format));
            if (value >= 1n << 63n) continue;
            for (const signed of [value, -value]) {
              const word = BigInt.asUintN(64, signed);
              expectOutcome(`i64To${name}`, rm, [word], fromInteger(signed, rm, format));
            }
          }
        }
      }
    }
  });
});

describe('exact results on the fast path', () => {
  it('multiplies short significands, of which some products just fit', () => {
    const short = fc
      .tuple(encodings(binary64), fc.integer({ min: 20, max: 32 }))
      .map(([bits, zeros]) => (bits >> BigInt(zeros)) << BigInt(zeros));
    check(
      fc.property(short, short, roundingMode, (a, b, rm) => {
        expectOutcome('f64Mul', rm, [a, b], mulAdd(a, b, undefined, rm, binary64));
        expectOutcome('f64MulAdd', rm, [a, b, a], mulAdd(a, b, a, rm, binary64));
      }),
    );
  });
});
