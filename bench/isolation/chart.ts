// The chart of a report: for each row a bar a level, as long as the multiple of its floor; a line where the floor is.
import { axisEnd, bar, label, writeChart } from '../chart-frame.ts';
import { type Element, element } from '../svg.ts';
import type { Report } from './report.ts';
import type { Level, RowResult } from './row.ts';

const LABELS_END = 250;
const BAR = 9;
const BAR_GAP = 3;
const ROW_GAP = 10;
const TOP = 72;
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
  const { machine, samples } = report;
  const ratios = rows.flatMap(({ cases }) => cases.map(({ floor }) => floor?.ratio.median ?? 0));
  const axis = { labelsEnd: LABELS_END, end: Math.min(LONGEST, axisEnd(Math.max(...ratios))) };
  const { drawn, bottom } = drawRows(rows, axis);
  const title = "What isolation costs, as multiples of each row's floor";
  const versions = machine.engine.split(',')[0] ?? '';
  const frame = { title, machine, versions, samples, top: TOP, bottom, one: 'floor', ...axis };
  return writeChart(frame, [...legend(), ...drawn]);
}

function drawRows(
  rows: readonly RowResult[],
  axis: { labelsEnd: number; end: number },
): { drawn: Element[]; bottom: number } {
  const drawn: Element[] = [];
  let y = TOP;
  for (const { name, unit, cases } of rows) {
    const what = speedUnits.includes(unit) ? `${name} (longer is better)` : name;
    drawn.push(label(LABELS_END - 8, y + BAR, what, { 'text-anchor': 'end' }));
    for (const { level, floor } of cases) {
      if (floor === null) continue;
      drawn.push(...bar(floor.ratio.median, { y, height: BAR, colour: colours[level] }, axis));
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
      label(x + 15, 58, level, { 'font-size': 11 }),
    ];
  });
}
