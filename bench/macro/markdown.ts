// The tables of the README, out of a report. v86 has no part in the run: its column is for what was measured elsewhere.
import { machineLine } from '../machine.ts';
import { markdownTable } from '../tables.ts';
import type { Group } from './guest-rows.ts';
import type { RowResult } from './measure.ts';
import { groupMeans, type Report, shareColumns, showMib, showTime } from './report.ts';

const TO_FILL = '…';

const tables: readonly { groups: readonly Group[]; head: string; hasV86: boolean }[] = [
  { groups: ['P1', 'P2'], head: 'program', hasV86: true },
  { groups: ['P3'], head: 'system path', hasV86: true },
  { groups: ['P4'], head: 'power-on to shell', hasV86: true },
  { groups: ['memory'], head: 'guest memory', hasV86: false },
];

function timesOf(row: RowResult): string[] {
  const { name, cofferdam, qemu, ratio } = row;
  return [name, showTime(cofferdam), qemu === null ? '–' : showTime(qemu), ratio?.toFixed(2) ?? '–'];
}

function timeTable(rows: readonly RowResult[], head: string, hasV86: boolean): string[] {
  const hasResident = rows.some(({ residentMib }) => residentMib !== null);
  const heads = [head, 'Cofferdam', 'QEMU', 'ratio'];
  if (hasV86) heads.push('v86');
  if (hasResident) heads.push('resident', "QEMU's");
  return markdownTable(
    heads,
    rows.map((row) => [
      ...timesOf(row),
      ...(hasV86 ? [TO_FILL] : []),
      ...(hasResident ? [showMib(row.residentMib?.cofferdam), showMib(row.residentMib?.qemu)] : []),
    ]),
  );
}

function shareTable(rows: readonly RowResult[]): string[] {
  const sampled = rows.flatMap(({ name, shares }) =>
    shares === null ? [] : [[name, ...shareColumns.map(([kind]) => `${(100 * shares[kind]).toFixed(0)} %`)]],
  );
  return sampled.length === 0
    ? []
    : markdownTable(['time in', ...shareColumns.map(([, head]) => head)], sampled);
}

export function markdownLines(report: Report): string[] {
  const { machine, samples, isolation, rows } = report;
  const parts = tables
    .map(({ groups, head, hasV86 }) => ({
      chosen: rows.filter(({ group }) => groups.includes(group)),
      head,
      hasV86,
    }))
    .filter(({ chosen }) => chosen.length > 0)
    .map(({ chosen, head, hasV86 }) => timeTable(chosen, head, hasV86));
  const means = groupMeans(rows).map(
    ({ group, geometricMean, worst, worstRow }) =>
      `${group} ${geometricMean.toFixed(2)} (least ${worst.toFixed(2)}, ${worstRow})`,
  );
  return [
    `${machineLine(machine)}; medians of ${samples} (ranges), isolation level ${isolation}.`,
    ...(means.length === 0 ? [] : ['', `Geometric means of the ratios: ${means.join(', ')}.`]),
    ...[...parts, shareTable(rows)].filter((lines) => lines.length > 0).flatMap((lines) => ['', ...lines]),
  ];
}
