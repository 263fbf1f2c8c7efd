import { describe, expect, it } from 'vitest';
import { printable } from './printable.ts';

describe('printable text', () => {
  it('holds nothing that moves a cursor or begins a line', () => {
    expect(printable('one\r\n  two\x1b[2J\x07 three\u00e9\u009b', 100)).toBe('one; two?[2J? three??');
  });

  it('is as short as it must be', () => {
    expect(printable('\n'.repeat(5) + 'x'.repeat(100), 10)).toBe('; xxxxx');
    expect(printable('a\n'.repeat(10), 10)).toHaveLength(10);
  });
});
