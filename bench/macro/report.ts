// What a run of the guest benchmarks found, as data and as lines for people.
import type { WorkKind } from '../../root-partition/admin/cli/time-profile.ts';
import { geometricMean, type Machine, machineLine, type Summary } from '../machine.ts';
import { alignColumns } from '../tables.ts';
import type { Group } from './guest-rows.ts';
import type { RowResult } from './measure.ts';

export interface Report {
  machine: Machine;
  /** What compiled the programs that run in the guest. */
  compiler: string | null;
  samples: number;
  isolation: string;
  rows: RowResult[];
  /** Rows that could not be measured. */
  skipped: { group: Group; name: string; reason: string }[];
}

/** The ratios of a group of rows put together. */
export interface GroupMean {
  group: Group;
  geometricMean: number;
  worst: number;
  worstRow: string;
}

/** P2's suite counts the row P1, too: CoreMark where its sources are there, else our kernel of the same kind. */
function rowsOfSuite(rows: readonly RowResult[], group: Group): RowResult[] {
  const own = rows.filter((row) => row.group === group);
  const core = rows.filter((row) => row.group === 'P1').slice(0, 1);
  return group === 'P2' && own.length > 0 ? [...core, ...own] : own;
}

export function groupMeans(rows: readonly RowResult[]): GroupMean[] {
  return (['P1', 'P2', 'P3', 'P4'] as const).flatMap((group) => {
    const known = rowsOfSuite(rows, group).flatMap(({ name, ratio }) =>
      ratio === null ? [] : { name, ratio },
    );
    if (known.length === 0) return [];
    const worst = known.reduce((least, row) => (row.ratio < least.ratio ? row : least));
    const mean = geometricMean(known.map(({ ratio }) => ratio));
    return [{ group, geometricMean: mean, worst: worst.ratio, worstRow: worst.name }];
  });
}

/** Kinds of work that get a column, with its head. */
export const shareColumns: readonly (readonly [WorkKind, string])[] = [
  ['translated', 'translated'],
  ['interpreter', 'interpreter'],
  ['translation', 'translating'],
  ['publishing', 'publishing'],
  ['devices', 'devices'],
  ['exits', 'exits'],
  ['other', 'engine'],
  ['idle', 'idle'],
];

export const showTime = ({ median, min, max }: Summary): string =>
  `${median.toFixed(0)} ms (${min.toFixed(0)}–${max.toFixed(0)})`;

export const showMib = (summary: Summary | null | undefined): string =>
  summary === null || summary === undefined ? '' : `${summary.median.toFixed(0)} MiB`;

export function timeTable(rows: readonly RowResult[]): string[] {
  const hasResident = rows.some(({ residentMib }) => residentMib !== null);
  const head = ['', 'row', 'Cofferdam', 'QEMU', 'ratio', 'MIPS'];
  return alignColumns([
    hasResident ? [...head, 'resident', "QEMU's"] : head,
    ...rows.map((row) => [
      row.group,
      row.name,
      showTime(row.cofferdam),
      row.qemu === null ? '–' : showTime(row.qemu),
      row.ratio?.toFixed(2) ?? '–',
      row.mips?.toFixed(0) ?? '–',
      ...(hasResident ? [showMib(row.residentMib?.cofferdam), showMib(row.residentMib?.qemu)] : []),
    ]),
  ]);
}

/** Where the time of each row went; nothing where that was not looked at. */
export function shareTable(rows: readonly RowResult[]): string[] {
  const sampled = rows.flatMap(({ group, name, shares }) =>
    shares === null
      ? []
      : [[group, name, ...shareColumns.map(([kind]) => `${(100 * shares[kind]).toFixed(1)} %`)]],
  );
  if (sampled.length === 0) return [];
  return [
    ...alignColumns([['', 'row', ...shareColumns.map(([, head]) => head)], ...sampled]),
    'An untimed run of each row at level thread; shares of the time that the VP was not idle, idle: of all of it.',
    'publishing: checking, compiling, instantiating; exits: other hypercalls; engine: its own work on that thread.',
  ];
}

export function reportLines(report: Report): string[] {
  const { machine, compiler, samples, isolation, rows, skipped } = report;
  const lines = [
    `${machineLine(machine)}${compiler === null ? '' : `; ${compiler}`}`,
    `medians of ${samples} (ranges), isolation level ${isolation}; ratio: QEMU's time as a multiple of ours`,
  ];
  if (rows.length > 0) lines.push('', ...timeTable(rows));
  const shares = shareTable(rows);
  if (shares.length > 0) lines.push('', ...shares);
  const means = groupMeans(rows).map(
    ({ group, geometricMean: mean, worst, worstRow }) =>
      `${group}${group === 'P2' ? ' (with P1)' : ''}: geometric mean ${mean.toFixed(2)}, least ${worst.toFixed(2)} (${worstRow})`,
  );
  if (means.length > 0) lines.push('', ...means);
  if (skipped.length > 0)
    lines.push('', ...skipped.map(({ group, name, reason }) => `not measured: ${group} ${name}: ${reason}`));
  return lines;
}
