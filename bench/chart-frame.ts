// What the charts of ratios have in common: size, title, axis, and colours to be read on white and on black paper.
import type { Machine } from './machine.ts';
import { type Element, element, writeSvg } from './svg.ts';

const WIDTH = 760;
const BARS_END = WIDTH - 64;
const BOTTOM = 44;
const TEXT = '#737d88';
const GRID = '#73808c';

const tickStep = (longest: number): number => (longest > 8 ? 2 : longest > 3 ? 1 : 0.5);

/** A round number at or above the longest bar. */
export function axisEnd(longest: number): number {
  const step = tickStep(longest);
  return Math.max(1.5, Math.ceil(longest / step) * step);
}

function axisTicks(end: number): number[] {
  const step = tickStep(end);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step);
}

export interface ChartFrame {
  title: string;
  machine: Machine;
  /** Versions of what was measured. */
  versions: string;
  samples: number;
  /** Where labels end and bars begin. */
  labelsEnd: number;
  /** Where the first bar is, and where the last one ends. */
  top: number;
  bottom: number;
  /** The axis's end, as a ratio. */
  end: number;
  /** What a ratio of 1 is called. */
  one: string;
}

/** Where the bar of a ratio ends; longer ones than the axis end with it. */
export const barEnd = (ratio: number, labelsEnd: number, end: number): number =>
  labelsEnd + ((BARS_END - labelsEnd) * Math.min(ratio, end)) / end;

/** A bar of this height, and its ratio at the margin. */
export function bar(
  ratio: number,
  { y, height, colour }: { y: number; height: number; colour: string },
  { labelsEnd, end }: Pick<ChartFrame, 'labelsEnd' | 'end'>,
): Element[] {
  const width = barEnd(ratio, labelsEnd, end) - labelsEnd;
  return [
    element('rect', { x: labelsEnd, y, width, height, rx: 2, fill: colour }),
    label(WIDTH - 12, y + height - 1, ratio.toFixed(2), { 'text-anchor': 'end', 'font-size': 11 }),
  ];
}

export function label(x: number, y: number, content: string, more: Element['attributes'] = {}): Element {
  return element('text', { x, y, ...more }, content);
}

export function writeChart(frame: ChartFrame, drawn: readonly Element[]): string {
  const { title, bottom, end } = frame;
  return writeSvg(
    element(
      'svg',
      {
        xmlns: 'http://www.w3.org/2000/svg',
        viewBox: `0 0 ${WIDTH} ${bottom + BOTTOM}`,
        width: WIDTH,
        role: 'img',
        'font-family': 'system-ui, sans-serif',
        'font-size': 12,
        fill: TEXT,
      },
      element('title', {}, title),
      label(12, 22, title, { 'font-size': 15, 'font-weight': 600 }),
      label(12, 40, caption(frame), { 'font-size': 11 }),
      ...axisTicks(end).flatMap((ratio) => tick(ratio, frame)),
      ...drawn,
    ),
  );
}

function caption({ machine, versions, samples }: ChartFrame): string {
  const { processor, cores, date } = machine;
  return `${processor}, ${cores} cores; ${versions}; medians of ${samples}; ${date.slice(0, 10)}`;
}

function tick(ratio: number, { labelsEnd, top, bottom, end, one }: ChartFrame): Element[] {
  const isOne = ratio === 1;
  const x = barEnd(ratio, labelsEnd, end);
  const line = { x1: x, y1: top - 8, x2: x, y2: bottom, stroke: GRID };
  return [
    element('line', { ...line, 'stroke-width': isOne ? 1.5 : 0.5, opacity: isOne ? 1 : 0.45 }),
    label(x, bottom + 16, isOne ? `1 = ${one}` : String(ratio), { 'text-anchor': 'middle' }),
  ];
}
