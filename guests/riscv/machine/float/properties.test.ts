// Arithmetic and conversions beside exact rational arithmetic (testing/reference.ts), in all rounding modes, with
// the fast paths and without. A failure prints fast-check's seed.
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { check, encodings, expectSameInAllWays, roundingMode } from './testing/checking.ts';
import {
  binary32,
  binary64,
  convert,
  divide,
  fromInteger,
  mulAdd,
  type Result,
  squareRoot,
  toInteger,
} from './testing/reference.ts';
import { FloatModule } from './testing/test-module.ts';

let float: FloatModule;
beforeAll(async () => {
  float = await FloatModule.load();
});

const expectOutcome = (name: string, rm: number, operands: bigint[], expected: Result): void =>
  expectSameInAllWays(float, { name, rm, operands }, expected);

describe.each([
  { prefix: 'f32', format: binary32, one: 0x3f800000n },
  { prefix: 'f64', format: binary64, one: 0x3ff0000000000000n },
])('$prefix beside exact arithmetic', ({ prefix, format, one }) => {
  const operand = encodings(format);
  const sign = 1n << BigInt(format.width - 1);

  it('adds and subtracts', () => {
    check(
      fc.property(operand, operand, roundingMode, (a, b, rm) => {
        expectOutcome(`${prefix}Add`, rm, [a, b], mulAdd(a, one, b, rm, format));
        expectOutcome(`${prefix}Sub`, rm, [a, b], mulAdd(a, one, b ^ sign, rm, format));
      }),
    );
  });

  it('multiplies', () => {
    check(
      fc.property(operand, operand, roundingMode, (a, b, rm) => {
        expectOutcome(`${prefix}Mul`, rm, [a, b], mulAdd(a, b, undefined, rm, format));
      }),
    );
  });

  it('divides', () => {
    check(
      fc.property(operand, operand, roundingMode, (a, b, rm) => {
        expectOutcome(`${prefix}Div`, rm, [a, b], divide(a, b, rm, format));
      }),
    );
  });

  it('divides and takes roots of what comes out even', () => {
    check(
      fc.property(operand, operand, roundingMode, (a, b, rm) => {
        const product = float.calculate(`${prefix}Mul`, 1, [a, b]).result;
        expectOutcome(`${prefix}Div`, rm, [product, b], divide(product, b, rm, format));
        const square = float.calculate(`${prefix}Mul`, 1, [a, a]).result;
        expectOutcome(`${prefix}Sqrt`, rm, [square], squareRoot(square, rm, format));
      }),
    );
  });

  it('takes square roots', () => {
    check(
      fc.property(operand, roundingMode, (a, rm) => {
        expectOutcome(`${prefix}Sqrt`, rm, [a], squareRoot(a, rm, format));
      }),
    );
  });

  it('multiplies and adds with one rounding', () => {
    check(
      fc.property(operand, operand, operand, roundingMode, (a, b, c, rm) => {
        expectOutcome(`${prefix}MulAdd`, rm, [a, b, c], mulAdd(a, b, c, rm, format));
      }),
    );
  });

  it('multiplies and adds what nearly cancels, or is far below an ulp of the product', () => {
    const offset = fc.bigInt({ min: -3n, max: 3n });
    const distance = fc.integer({ min: 0, max: 60 });
    check(
      fc.property(operand, operand, offset, distance, roundingMode, (a, b, by, away, rm) => {
        const product = float.calculate(`${prefix}Mul`, 0, [a, b]).result;
        const lowered = product - (BigInt(away) << BigInt(format.precision - 1));
        for (const c of [product ^ sign, (product ^ sign) + by, lowered, lowered ^ sign]) {
          const addend = BigInt.asUintN(format.width, c);
          expectOutcome(`${prefix}MulAdd`, rm, [a, b, addend], mulAdd(a, b, addend, rm, format));
        }
      }),
    );
  });

  it.each([
    { to: 'I32', bits: 32, isSigned: true },
    { to: 'U32', bits: 32, isSigned: false },
    { to: 'I64', bits: 64, isSigned: true },
    { to: 'U64', bits: 64, isSigned: false },
  ])('converts to and from $to', ({ to, bits, isSigned }) => {
    const integer = fc.bigInt(
      isSigned
        ? { min: -(1n << BigInt(bits - 1)), max: (1n << BigInt(bits - 1)) - 1n }
        : { min: 0n, max: (1n << BigInt(bits)) - 1n },
    );
    check(
      fc.property(operand, integer, fc.nat(bits - 1), roundingMode, (a, whole, shift, rm) => {
        expectOutcome(`${prefix}To${to}`, rm, [a], toInteger(a, rm, format, { bits, isSigned }));
        const value = whole >> BigInt(shift);
        const word = BigInt.asUintN(64, value);
        expectOutcome(
          `${to.toLowerCase()}To${prefix.toUpperCase()}`,
          rm,
          [word],
          fromInteger(value, rm, format),
        );
      }),
    );
  });
});

describe('conversion between formats beside exact arithmetic', () => {
  it('widens', () => {
    check(
      fc.property(encodings(binary32), (a) => {
        expectOutcome('f32ToF64', 0, [a], convert(a, 0, binary32, binary64));
      }),
    );
  });

  it('narrows', () => {
    check(
      fc.property(encodings(binary64), encodings(binary32), roundingMode, (a, b, rm) => {
        expectOutcome('f64ToF32', rm, [a], convert(a, rm, binary64, binary32));
        // Near a binary32 number, and halfway between two.
        const wide = convert(b, 0, binary32, binary64).result;
        for (const near of [wide, wide ^ 1n, wide ^ 0x10000000n, wide ^ 0x10000001n, wide ^ 0x0fffffffn]) {
          expectOutcome('f64ToF32', rm, [near], convert(near, rm, binary64, binary32));
        }
      }),
    );
  });
});
