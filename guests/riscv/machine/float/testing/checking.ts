// What the property tests share: operands that are likely to be hard, and the comparison with the reference.
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Format, Result } from './reference.ts';
import type { FloatModule } from './test-module.ts';

const numRuns = 1500;
/** Fixed, so that a run can be repeated; FLOAT_SEED explores others. A failure prints it. */
const seed = Number(process.env['FLOAT_SEED'] ?? 2026);

/** With and without fast paths, before and after the inexact flag is set, always the same outcome. */
export function expectSameInAllWays(
  float: FloatModule,
  { name, rm, operands }: { name: string; rm: number; operands: bigint[] },
  expected: Result,
): void {
  for (const before of [0, 1]) {
    for (const fast of [true, false]) {
      const { result, flags } = float.calculate(name, rm, operands, { before, fast });
      if (result === expected.result && flags === (expected.flags | before)) continue;
      const hex = operands.map((word) => word.toString(16)).join(' ');
      const wanted = { result: expected.result, flags: expected.flags | before };
      expect({ result, flags }, `${name} rm ${rm} ${hex}, fast ${fast}, flags ${before}`).toEqual(wanted);
    }
  }
}

export const roundingMode = fc.integer({ min: 0, max: 4 });

/** Encodings of a format, with much more weight than chance gives to what is hard. */
export function encodings(format: Format): fc.Arbitrary<bigint> {
  const stored = format.precision - 1;
  const fieldMax = 2 * format.exponentMax + 1;
  const bias = format.exponentMax;
  const field = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: bias - 3, max: bias + 3 }) },
    { weight: 3, arbitrary: fc.integer({ min: bias - 70, max: bias + 70 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: fieldMax }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 }) },
    { weight: 1, arbitrary: fc.integer({ min: fieldMax - 2, max: fieldMax }) },
    { weight: 1, arbitrary: fc.integer({ min: bias >> 1, max: (bias >> 1) + stored }) },
  );
  const full = (1n << BigInt(stored)) - 1n;
  const fraction = fc.oneof(
    fc.bigInt({ min: 0n, max: full }),
    fc.bigInt({ min: 0n, max: 3n }),
    fc.bigInt({ min: full - 3n, max: full }),
    fc.integer({ min: 0, max: stored - 1 }).map((bit) => 1n << BigInt(bit)),
    fc.integer({ min: 0, max: stored - 1 }).map((bit) => full >> BigInt(bit)),
    fc.integer({ min: 0, max: stored - 1 }).map((bit) => full ^ (full >> BigInt(bit))),
  );
  return fc
    .tuple(fc.boolean(), field, fraction)
    .map(
      ([negative, exponent, low]) =>
        (negative ? 1n << BigInt(format.width - 1) : 0n) | (BigInt(exponent) << BigInt(stored)) | low,
    );
}

export const check = (property: fc.IProperty<unknown>): void => fc.assert(property, { numRuns, seed });
