// What the charts have in common: the axis of ratios, and colours to be read on white and on black paper.

export interface Palette {
  text: string;
  grid: string;
}

export const palette: Palette = { text: '#737d88', grid: '#73808c' };

const tickStep = (longest: number): number => (longest > 8 ? 2 : longest > 3 ? 1 : 0.5);

/** A round number at or above the longest bar. */
export function axisEnd(longest: number): number {
  const step = tickStep(longest);
  return Math.max(1.5, Math.ceil(longest / step) * step);
}

export function axisTicks(end: number): number[] {
  const step = tickStep(end);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step);
}
