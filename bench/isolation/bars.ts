// Rows P6 to P9: what isolation may cost at most, and what it should cost.
import type { CaseResult, RowResult } from './row.ts';

export interface Bar {
  id: string;
  row: string;
  /** What is compared: the multiple of the floor, or the value itself. */
  of: 'ratio' | 'value';
  isBetter: 'below' | 'above';
  must: number;
  aim: number;
}

export const bars: readonly Bar[] = [
  { id: 'P6', row: 'hypercall', of: 'ratio', isBetter: 'below', must: 2.5, aim: 1.5 },
  { id: 'P7', row: 'brokered round trip, one processor', of: 'ratio', isBetter: 'below', must: 2, aim: 1.2 },
  { id: 'P7', row: 'brokered round trip, two processors', of: 'ratio', isBetter: 'below', must: 2, aim: 1.2 },
  { id: 'P8', row: 'compute', of: 'ratio', isBetter: 'above', must: 0.97, aim: 0.99 },
  { id: 'P9', row: 'idle Linux, processor share', of: 'value', isBetter: 'below', must: 1, aim: 0.2 },
  { id: 'P9', row: 'idle Linux, memory beyond the guest', of: 'value', isBetter: 'below', must: 60, aim: 25 },
];

export interface Verdict {
  bar: Bar;
  /** The level that came off worst, and its median. */
  level: string;
  value: number;
  isMustMet: boolean;
  isAimMet: boolean;
}

/** How the bars fare whose rows were measured: the worst level counts. */
export function verdicts(rows: readonly RowResult[]): Verdict[] {
  return bars.flatMap((bar) => {
    const cases = rows.find(({ name }) => name === bar.row)?.cases ?? [];
    const values = cases.flatMap((each) => {
      const value = compared(bar, each);
      return value === null ? [] : [{ level: each.level, value }];
    });
    if (values.length === 0) return [];
    const isWorse = (a: number, b: number): boolean => (bar.isBetter === 'below' ? a > b : a < b);
    const worst = values.reduce((least, each) => (isWorse(each.value, least.value) ? each : least));
    const isMet = (limit: number): boolean => !isWorse(worst.value, limit);
    return [{ bar, ...worst, isMustMet: isMet(bar.must), isAimMet: isMet(bar.aim) }];
  });
}

function compared(bar: Bar, { value, floor }: CaseResult): number | null {
  if (bar.of === 'value') return value.median;
  return floor === null ? null : floor.ratio.median;
}
