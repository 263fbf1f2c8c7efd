import { describe, expect, it } from 'vitest';
import type { ProfileEntry } from '../../../hypervisor/index.ts';
import { SymbolTable } from './symbols.ts';
import { profileLines, timeProfile } from './time-profile.ts';

const wasm = (name: string, milliseconds: number): ProfileEntry => ({
  name,
  isWasm: true,
  calledFor: [],
  milliseconds,
});
const script = (name: string, calledFor: string[], milliseconds: number): ProfileEntry => ({
  name,
  isWasm: false,
  calledFor,
  milliseconds,
});
const entries = [
  wasm('unit ffffffff80001010', 60),
  wasm('guests/riscv/machine/hart/interpreter.generated/interpret', 20),
  script('wait', ['idle'], 100),
  wasm('guests/riscv/translator/region/findRegion', 8),
  script('readInstructions', ['wasm-to-js', 'publishCode', 'check'], 6),
  wasm('guests/riscv/machine/virtio/virtqueue/take', 3),
  script('hypercall', ['hypercall'], 2),
  script('(garbage collector)', [], 1),
];

describe('a time profile', () => {
  it('sums the time up by kind of work, idle apart', () => {
    const { shares, milliseconds } = timeProfile(entries);
    expect(milliseconds).toBe(200);
    expect(shares).toEqual({
      translated: 0.6,
      interpreter: 0.2,
      translation: 0.08,
      publishing: 0.06,
      devices: 0.03,
      exits: 0.02,
      other: 0.01,
      idle: 0.5,
    });
  });

  it('names units by the symbols around them', () => {
    const symbols = new SymbolTable(
      'ffffffff80002000 T later\nffffffff80001000 T do_something\n0000000000000010 d data\n',
    );
    expect(timeProfile(entries, symbols).units).toEqual([
      { address: 'ffffffff80001010', symbol: 'do_something+0x10', share: 0.6 },
    ]);
    expect(symbols.nameOf(0x10n)).toBe('');
    expect(symbols.nameOf(0xffff_ffff_8000_2000n)).toBe('later');
    expect(profileLines(timeProfile(entries, symbols)).join('\n')).toContain(
      '60.0 %  ffffffff80001010 do_something+0x10',
    );
  });
});
