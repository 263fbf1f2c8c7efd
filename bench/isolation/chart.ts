// The chart of a report: for each row a bar a level, as long as the multiple of its floor; a line where the floor is. Its
// colours are to be read on white and on black paper.
import { axisEnd, axisTicks, type Palette, palette } from '../chart-axis.ts';
import { type Element, element, writeSvg } from '../svg.ts';
import type { Report } from './report.ts';
import type { Level, RowResult } from './row.ts';

const WIDTH = 760;
const LABELS_END = 250;
const BARS_END = WIDTH - 64;
const BAR = 9;
const BAR_GAP = 3;
const ROW_GAP = 10;
const TOP = 72;
const BOTTOM = 44;
/** Longer bars end here, and say how long they would be. */
const LONGEST = 8;

const colours: Record<Level, string> = {
  bare: '#73808c',
  thread: '#4aa564',
  process: '#2f7fd6',
  jail: '#c9762b',
};
const speedUnits: readonly string[] = ['MiB/s', 'Mstep/s'];

/** @returns undefined where there are no ratios to show */
export function isolationChart(report: Report): string | undefined {
  const rows = report.rows.filter(({ cases }) => cases.some(({ floor }) => floor !== null));
  if (rows.length === 0) return undefined;
  const ratios = rows.flatMap(({ cases }) => cases.map(({ floor }) => floor?.ratio.median ?? 0));
  const end = Math.min(LONGEST, axisEnd(Math.max(...ratios)));
  const x = (ratio: number): number => LABELS_END + ((BARS_END - LABELS_END) * Math.min(ratio, end)) / end;
  const { drawn, bottom } = drawRows(rows, x);
  const title = "What isolation costs, as multiples of each row's floor";
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
        fill: palette.text,
      },
      element('title', {}, title),
      text(12, 22, title, { 'font-size': 15, 'font-weight': 600 }),
      text(12, 40, subtitle(report), { 'font-size': 11 }),
      ...legend(),
      ...axisTicks(end).flatMap((ratio) => tick(ratio, x(ratio), bottom, palette)),
      ...drawn,
    ),
  );
}

function drawRows(
  rows: readonly RowResult[],
  x: (ratio: number) => number,
): { drawn: Element[]; bottom: number } {
  const drawn: Element[] = [];
  let y = TOP;
  for (const { name, unit, cases } of rows) {
    const isSpeed = speedUnits.includes(unit);
    drawn.push(
      text(LABELS_END - 8, y + BAR, isSpeed ? `${name} (longer is better)` : name, { 'text-anchor': 'end' }),
    );
    for (const { level, floor } of cases) {
      if (floor === null) continue;
      const ratio = floor.ratio.median;
      drawn.push(
        element('rect', { x: x(0), y, width: x(ratio) - x(0), height: BAR, rx: 2, fill: colours[level] }),
        text(WIDTH - 12, y + BAR, ratio.toFixed(2), { 'text-anchor': 'end', 'font-size': 11 }),
      );
      y += BAR + BAR_GAP;
    }
    y += ROW_GAP;
  }
  return { drawn, bottom: y };
}

function legend(): Element[] {
  return (['thread', 'process', 'jail'] as const).flatMap((level, index) => {
    const x = LABELS_END + index * 90;
    return [
      element('rect', { x, y: 49, width: 10, height: BAR, rx: 2, fill: colours[level] }),
      text(x + 15, 58, level, { 'font-size': 11 }),
    ];
  });
}

function tick(ratio: number, x: number, bottom: number, { grid }: Palette): Element[] {
  const isFloor = ratio === 1;
  const line = { x1: x, y1: TOP - 8, x2: x, y2: bottom, stroke: grid };
  return [
    element('line', { ...line, 'stroke-width': isFloor ? 1.5 : 0.5, opacity: isFloor ? 1 : 0.45 }),
    text(x, bottom + 16, isFloor ? '1 = floor' : String(ratio), { 'text-anchor': 'middle' }),
  ];
}

function subtitle({ machine, samples }: Report): string {
  const { processor, cores, engine, date } = machine;
  return `${processor}, ${cores} cores; ${engine.split(',')[0]}; medians of ${samples}; ${date.slice(0, 10)}`;
}

function text(x: number, y: number, content: string, more: Record<string, string | number> = {}): Element {
  return element('text', { x, y, ...more }, content);
}
