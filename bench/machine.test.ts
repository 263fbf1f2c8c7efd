import { describe, expect, it } from 'vitest';
import { geometricMean, summarise } from './machine.ts';

describe('samples', () => {
  it('have the middle one as their median, or what lies between the two in the middle', () => {
    expect(summarise([30, 1, 2])).toEqual({ samples: 3, median: 2, min: 1, max: 30 });
    expect(summarise([10, 100, 2, 9])).toEqual({ samples: 4, median: 9.5, min: 2, max: 100 });
    expect(summarise([7])).toEqual({ samples: 1, median: 7, min: 7, max: 7 });
  });

  it('are left in their order', () => {
    const samples = [3, 1, 2];
    summarise(samples);
    expect(samples).toEqual([3, 1, 2]);
  });
});

describe('the mean of ratios', () => {
  it('does not depend on which side is divided by which', () => {
    const ratios = [0.5, 1.25, 3];
    expect(geometricMean([4, 0.25])).toBeCloseTo(1);
    expect(geometricMean(ratios.map((ratio) => 1 / ratio))).toBeCloseTo(1 / geometricMean(ratios));
  });
});
