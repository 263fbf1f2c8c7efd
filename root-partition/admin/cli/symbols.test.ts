import { describe, expect, it } from 'vitest';
import { SymbolTable } from './symbols.ts';

describe('kernel symbols', () => {
  const symbols = new SymbolTable(
    [
      'ffffffff80002000 T later',
      'ffffffff80001000 t do_something\t[module]\r',
      '0000000000000010 d data',
      'ffffffff80003000 W weak',
    ].join('\n'),
  );

  it('are those of code, in whatever order, as nm and /proc/kallsyms print them', () => {
    expect(symbols.nameOf(0xffff_ffff_8000_1000n)).toBe('do_something');
    expect(symbols.nameOf(0xffff_ffff_8000_1fffn)).toBe('do_something+0xfff');
    expect(symbols.nameOf(0xffff_ffff_8000_2000n)).toBe('later');
    expect(symbols.nameOf(0xffff_ffff_8000_3004n)).toBe('weak+0x4');
    expect(symbols.nameOf(0x10n)).toBe('');
  });

  it('tell the function that an address lies in', () => {
    expect(symbols.functionOf(0xffff_ffff_8000_2ffen)).toBe('later');
    expect(symbols.functionOf(0xffff_ffff_8000_0000n)).toBe('(unknown)');
    expect(symbols.functionOf(0x10000n)).toBe('(user space)');
  });

  it('can be looked up by name', () => {
    expect(symbols.addressOf('later')).toBe(0xffff_ffff_8000_2000n);
    expect(symbols.addressOf('data')).toBeUndefined();
  });
});
