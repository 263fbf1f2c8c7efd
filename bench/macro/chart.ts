// The chart of a report: one bar a row, as long as Cofferdam is faster than QEMU; a line where both are equally fast.
import { axisEnd, bar, label, writeChart } from '../chart-frame.ts';
import type { Element } from '../svg.ts';
import type { Report } from './report.ts';

const LABELS_END = 170;
const ROW = 20;
const BAR = 12;
const GROUP_GAP = 14;
const TOP = 64;

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
  const { machine, samples } = report;
  const qemu = machine.qemu?.match(/version ([\d.]+)/)?.[1] ?? '';
  const axis = { labelsEnd: LABELS_END, end: axisEnd(Math.max(...bars.map(({ ratio }) => ratio))) };
  const { drawn, bottom } = drawBars(bars, axis);
  const title = "Cofferdam's speed as a multiple of QEMU's (TCG, one hart)";
  const versions = `${machine.engine.split(',')[0]}, QEMU ${qemu}`;
  return writeChart({ title, machine, versions, samples, top: TOP, bottom, one: 'QEMU', ...axis }, drawn);
}

function drawBars(
  bars: readonly Bar[],
  axis: { labelsEnd: number; end: number },
): { drawn: Element[]; bottom: number } {
  const drawn: Element[] = [];
  let y = TOP;
  let group = '';
  for (const { name, ratio, ...row } of bars) {
    if (row.group !== group) {
      if (group !== '') y += GROUP_GAP;
      group = row.group;
      drawn.push(label(12, y + BAR, groupNames[group] ?? group, { 'font-weight': 600 }));
      y += ROW;
    }
    const colour = ratio < 1 ? SLOWER : FASTER;
    drawn.push(
      label(LABELS_END - 8, y + BAR - 2, name, { 'text-anchor': 'end' }),
      ...bar(ratio, { y, height: BAR, colour }, axis),
    );
    y += ROW;
  }
  return { drawn, bottom: y };
}
