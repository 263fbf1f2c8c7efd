// What a run of the isolation benchmarks found, as data, as lines for people and as tables for the README.
import { type Machine, machineLine, type Summary } from '../machine.ts';
import { alignColumns, markdownTable } from '../tables.ts';
import { type Verdict, verdicts } from './bars.ts';
import type { SkippedRow } from './bench.ts';
import type { CaseResult, RowResult, Unit } from './row.ts';

export interface Report {
  machine: Machine;
  samples: number;
  rows: RowResult[];
  verdicts: Verdict[];
  /** Rows that could not be measured. */
  skipped: SkippedRow[];
}

export function makeReport(
  machine: Machine,
  samples: number,
  { rows, skipped }: { rows: RowResult[]; skipped: SkippedRow[] },
): Report {
  return { machine, samples, rows, verdicts: verdicts(rows), skipped };
}

const US = 1000;

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

export function showValue(unit: Unit, value: number): string {
  if (unit === 'partitions') return String(value);
  return unit === 'ns' && value >= US ? `${digits(value / US)} µs` : `${digits(value)} ${unit}`;
}

const showSummary = (unit: Unit, { median, min, max }: Summary): string =>
  `${showValue(unit, median)} (${showValue(unit, min)}–${showValue(unit, max)})`;

const showSpread = ({ median, min, max }: Summary): string =>
  `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;

/** The ratio between `open` and `close`; nothing where there is no floor. */
export function showRatio({ floor }: CaseResult, open = '', close = ''): string {
  return floor === null ? '' : `${open}${floor.ratio.median.toFixed(2)}x ${floor.name}${close}`;
}

function verdictLine({ bar, level, value, isMustMet, isAimMet }: Verdict): string {
  const sign = bar.isBetter === 'below' ? '≤' : '≥';
  const state = isMustMet ? (isAimMet ? 'aim met' : 'must met, aim missed') : 'MISSED';
  return `${bar.id} ${bar.row}: ${value.toFixed(2)} at level ${level}; must ${sign} ${bar.must}, aim ${sign} ${bar.aim}: ${state}`;
}

const cells = (row: RowResult, each: CaseResult): string[] => [
  each.level === 'bare' ? 'every' : each.level,
  showSummary(row.unit, each.value),
  each.floor === null ? '' : showSpread(each.floor.ratio),
  each.floor === null ? '' : `${showSummary(row.unit, each.floor.value)} ${each.floor.name}`,
];

const HEADS = ['row', 'level', 'value', 'ratio', 'floor'];

function bodyOf({ rows }: Report): string[][] {
  return rows.flatMap((row) => row.cases.map((each) => [row.name, ...cells(row, each)]));
}

const notesOf = ({ rows }: Report): string[] =>
  rows.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`]));

export function reportLines(report: Report): string[] {
  const { machine, samples, skipped } = report;
  const parts = [
    report.rows.length === 0 ? [] : alignColumns([HEADS, ...bodyOf(report)]),
    notesOf(report),
    report.verdicts.map(verdictLine),
    skipped.map(({ name, reason }) => `not measured: ${name}: ${reason}`),
  ];
  return [
    machineLine(machine),
    `medians of ${samples} (ranges); ratio: the multiple of the floor's value in the same round`,
    ...parts.filter((lines) => lines.length > 0).flatMap((lines) => ['', ...lines]),
  ];
}

export function markdownLines(report: Report): string[] {
  const { machine, samples } = report;
  return [
    `${machineLine(machine)}; medians of ${samples} (ranges).`,
    '',
    ...markdownTable(HEADS, bodyOf(report), 2),
    '',
    ...[...notesOf(report), ...report.verdicts.map(verdictLine)].map((line) => `- ${line}`),
  ];
}
