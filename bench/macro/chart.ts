// The chart of a report: one bar a row, as long as Cofferdam is faster than QEMU; a line where both are equally fast.
// Its colours are to be read on white and on black paper.

import { axisEnd, axisTicks, palette } from '../chart-axis.ts';
import { type Element, element, writeSvg } from '../svg.ts';
import type { Report } from './report.ts';

const WIDTH = 760;
const LABELS_END = 170;
const BARS_END = WIDTH - 64;
const ROW = 20;
const BAR = 12;
const GROUP_GAP = 14;
const TOP = 64;
const BOTTOM = 44;

const FASTER = '#2f7fd6';
const SLOWER = '#c9762b';

const groupNames: Record<string, string> = {
  P1: 'core',
  P2: 'programs',
  P3: 'system paths',
  P4: 'power-on to shell',
  memory: 'guest memory',
};

interface Bar {
  group: string;
  name: string;
  ratio: number;
}

/** @returns undefined where there are no ratios to show */
export function ratioChart(report: Report): string | undefined {
  const bars = report.rows.flatMap(({ group, name, ratio }) =>
    ratio === null ? [] : [{ group, name, ratio }],
  );
  if (bars.length === 0) return undefined;
  const end = axisEnd(Math.max(...bars.map(({ ratio }) => ratio)));
  const x = (ratio: number): number => LABELS_END + ((BARS_END - LABELS_END) * ratio) / end;
  const { drawn, bottom } = drawBars(bars, x);
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
      element('title', {}, 'Speed of guests in Cofferdam, as a multiple of their speed in QEMU'),
      text(12, 22, "Cofferdam's speed as a multiple of QEMU's (TCG, one hart)", {
        'font-size': 15,
        'font-weight': 600,
      }),
      text(12, 40, subtitle(report), { 'font-size': 11 }),
      ...axisTicks(end).flatMap((ratio) => tick(ratio, x(ratio), bottom)),
      ...drawn,
    ),
  );
}

function drawBars(bars: readonly Bar[], x: (ratio: number) => number): { drawn: Element[]; bottom: number } {
  const drawn: Element[] = [];
  let y = TOP;
  let group = '';
  for (const bar of bars) {
    if (bar.group !== group) {
      if (group !== '') y += GROUP_GAP;
      group = bar.group;
      const label = groupNames[group] ?? group;
      drawn.push(text(12, y + BAR, label, { 'font-weight': 600 }));
      y += ROW;
    }
    const colour = bar.ratio < 1 ? SLOWER : FASTER;
    drawn.push(
      text(LABELS_END - 8, y + BAR - 2, bar.name, { 'text-anchor': 'end' }),
      element('rect', { x: x(0), y, width: x(bar.ratio) - x(0), height: BAR, rx: 2, fill: colour }),
      text(WIDTH - 12, y + BAR - 2, bar.ratio.toFixed(2), { 'text-anchor': 'end' }),
    );
    y += ROW;
  }
  return { drawn, bottom: y };
}

function tick(ratio: number, x: number, bottom: number): Element[] {
  const isEqual = ratio === 1;
  const line = { x1: x, y1: TOP - 8, x2: x, y2: bottom, stroke: palette.grid };
  return [
    element('line', { ...line, 'stroke-width': isEqual ? 1.5 : 0.5, opacity: isEqual ? 1 : 0.45 }),
    text(x, bottom + 16, isEqual ? '1 = QEMU' : String(ratio), { 'text-anchor': 'middle' }),
  ];
}

function subtitle({ machine, samples }: Report): string {
  const { processor, cores, engine, qemu, date } = machine;
  const version = qemu?.match(/version ([\d.]+)/)?.[1] ?? '';
  return `${processor}, ${cores} cores; ${engine.split(',')[0]}, QEMU ${version}; medians of ${samples}; ${date.slice(0, 10)}`;
}

function text(x: number, y: number, content: string, more: Record<string, string | number> = {}): Element {
  return element('text', { x, y, ...more }, content);
}
