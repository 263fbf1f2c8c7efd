// Cases computed by other machines (fixtures/oracle.txt says by which), with and without the fast paths.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { operations } from './testing/operations.ts';
import { FloatModule } from './testing/test-module.ts';

interface Case {
  rm: number;
  flags: number;
  operands: bigint[];
  result: bigint;
}

const sections = new Map<string, Case[]>();
let section: Case[] = [];
for (const line of readFileSync(join(import.meta.dirname, 'testing/fixtures/oracle.txt'), 'utf8').split(
  '\n',
)) {
  if (line === '' || line.startsWith('#')) continue;
  if (line.startsWith('[')) {
    section = [];
    sections.set(line.slice(1, -1), section);
    continue;
  }
  const [rm, flags, ...words] = line.split(' ');
  const operands = words.map((word) => BigInt(`0x${word}`));
  const result = operands.pop()!;
  section.push({ rm: Number(rm), flags: Number.parseInt(flags!, 16), operands, result });
}

let float: FloatModule;
beforeAll(async () => {
  float = await FloatModule.load();
});

/** Cases that do not come out, as text, so that a failure names its operands. */
function failures(name: string, options: { before: number; fast: boolean }): string[] {
  const failed: string[] = [];
  for (const { rm, flags, operands, result } of sections.get(name)!) {
    const actual = float.calculate(name, rm, operands, options);
    if (actual.result === result && actual.flags === (flags | options.before)) continue;
    const hex = operands.map((word) => word.toString(16)).join(' ');
    failed.push(`rm ${rm} ${hex}: ${actual.result.toString(16)} flags ${actual.flags}`);
  }
  return failed;
}

describe('floating point beside other machines', () => {
  it('has cases for every operation and rounding mode', () => {
    for (const { name, rounds } of operations) {
      const cases = sections.get(name) ?? [];
      expect(cases.length, name).toBeGreaterThan(300);
      if (rounds) expect(new Set(cases.map(({ rm }) => rm)), name).toEqual(new Set([0, 1, 2, 3, 4]));
    }
  });

  it.each(operations)('$name agrees on results and flags', ({ name }) => {
    expect(failures(name, { before: 0, fast: true })).toEqual([]);
    expect(failures(name, { before: 0, fast: false })).toEqual([]);
  });

  it.each(operations)('$name agrees when the inexact flag, or every flag, is already set', ({ name }) => {
    for (const before of [1, 31]) {
      expect(failures(name, { before, fast: true })).toEqual([]);
      expect(failures(name, { before, fast: false })).toEqual([]);
    }
  });
});
