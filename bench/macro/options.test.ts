import { describe, expect, it } from 'vitest';
import { BenchUsageError, isWanted } from '../usage.ts';
import { parseBenchOptions } from './options.ts';

describe('the options of the guest benchmarks', () => {
  it('are five samples of everything, in the jail, beside QEMU, when nothing is said', () => {
    expect(parseBenchOptions([])).toEqual({
      samples: 5,
      only: [],
      image: 'linux-tiny',
      memoryMib: 256,
      isolation: 'jail',
      coremark: undefined,
      hasQemu: true,
      hasShares: true,
      isJson: false,
      isMarkdown: false,
      svg: undefined,
    });
  });

  it('are taken as typed', () => {
    const words =
      '--samples 9 --only P3 --only sha --no-qemu --no-shares --json --svg a.svg --isolation thread';
    expect(parseBenchOptions(words.split(' '))).toMatchObject({
      samples: 9,
      only: ['P3', 'sha'],
      hasQemu: false,
      hasShares: false,
      isJson: true,
      svg: 'a.svg',
      isolation: 'thread',
    });
    expect(parseBenchOptions(['--samples', '9', '-h'])).toBe('help');
  });

  it.each([
    [['--samples', '0'], /--samples.*"0"/],
    [['--samples', '2.5'], /--samples/],
    [['--memory', 'much'], /--memory.*"much"/],
    [['--isolation', 'none'], /thread, process, jail/],
    [['--json', '--markdown'], /both/],
    [['--frobnicate'], /frobnicate/],
    [['P3'], /P3/],
    [['--svg'], /svg/],
  ])('%j cannot be meant', (words, message) => {
    expect(() => parseBenchOptions(words)).toThrow(BenchUsageError);
    expect(() => parseBenchOptions(words)).toThrow(message);
  });

  it('choose rows by group or by a part of the name', () => {
    const row = { group: 'P2', name: 'matrix-int' };
    expect(isWanted(row, [])).toBe(true);
    expect(isWanted(row, ['p2'])).toBe(true);
    expect(isWanted(row, ['P3', 'Matrix'])).toBe(true);
    expect(isWanted(row, ['P'])).toBe(false);
    expect(isWanted(row, [''])).toBe(false);
  });
});
