// The tables against themselves: no two rows overlap, and the generated files are what the tables give.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compressedRows } from './compressed.ts';
import { generatedFiles } from './generate.ts';
import { rows } from './tables.ts';

describe('instruction tables', () => {
  it('keep each match within its mask', () => {
    expect(rows.filter((row) => (row.match & ~row.mask) !== 0).map((row) => row.name)).toEqual([]);
    expect(compressedRows.filter((row) => (row.match & ~row.mask) !== 0).map((row) => row.name)).toEqual([]);
  });

  it('have no two rows that match the same word', () => {
    const overlaps: string[] = [];
    for (const [i, a] of rows.entries())
      for (const b of rows.slice(i + 1))
        if (((a.match ^ b.match) & a.mask & b.mask) === 0) overlaps.push(`${a.name} ${b.name}`);
    expect(overlaps).toEqual([]);
  });

  it('name each instruction once', () => {
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
  });

  it('expand compressed instructions to known ones only', () => {
    const names = new Set(rows.map((row) => row.name));
    expect(compressedRows.filter((row) => !names.has(row.to))).toEqual([]);
  });

  it('are what the generated files were made from', () => {
    for (const [path, text] of generatedFiles()) expect(readFileSync(path, 'utf8') === text, path).toBe(true);
  });
});
