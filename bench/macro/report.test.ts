// The report, the chart and the choice of what counts, from made-up measurements.
import { describe, expect, it } from 'vitest';
import { axisEnd } from '../chart-frame.ts';
import { type Machine, summarise } from '../machine.ts';
import { ratioChart } from './chart.ts';
import type { Group } from './guest-rows.ts';
import { markdownLines } from './markdown.ts';
import type { RowResult } from './measure.ts';
import { groupMeans, type Report, reportLines, timeTable } from './report.ts';

const machine: Machine = {
  processor: 'Some "fast" <processor>',
  cores: 2,
  memoryGib: 24,
  kernel: '6.1',
  engine: 'Node v26.10.0, V8 14.6',
  qemu: 'QEMU emulator version 7.2.22 (Debian)',
  loadAverage: 0,
  date: '2026-11-24T10:00:00.000Z',
};

const row = (group: Group, name: string, ratio: number | null, more: Partial<RowResult> = {}): RowResult => ({
  group,
  name,
  cofferdam: summarise([900, 1000, 1200]),
  qemu: ratio === null ? null : summarise([1000 * ratio]),
  ratio,
  mips: 800,
  residentMib: null,
  output: 'checksum 1',
  shares: null,
  ...more,
});

const report = (rows: RowResult[], more: Partial<Report> = {}): Report => ({
  machine,
  compiler: 'gcc 12',
  samples: 3,
  isolation: 'jail',
  rows,
  skipped: [],
  ...more,
});

describe('the means of groups', () => {
  it('count P1 in for P2, and CoreMark rather than our own kernel', () => {
    const rows = [
      row('P1', 'CoreMark', 2),
      row('P1', 'core', 1),
      row('P2', 'fib', 0.5),
      row('P2', 'gzip', 4),
    ];
    const [p1, p2] = groupMeans(rows);
    expect(p1).toMatchObject({ group: 'P1', worst: 1, worstRow: 'core' });
    expect(p2?.geometricMean).toBeCloseTo((2 * 0.5 * 4) ** (1 / 3));
    expect(p2).toMatchObject({ group: 'P2', worst: 0.5, worstRow: 'fib' });
  });

  it('leave out what has no ratio, and groups without rows', () => {
    expect(groupMeans([row('P1', 'core', null), row('memory', 'boot, 1 GiB', 1)])).toEqual([]);
    expect(groupMeans([row('P1', 'core', 2)]).map(({ group }) => group)).toEqual(['P1']);
  });
});

describe('the table', () => {
  it('shows medians, ranges and ratios in columns', () => {
    const [head, first, second] = timeTable([row('P1', 'core', 1.5), row('P3', 'dd to tmpfs', 0.75)]);
    expect(head).toMatch(/^ +row +Cofferdam +QEMU +ratio +MIPS$/);
    expect(first).toBe('P1  core         1000 ms (900–1200)  1500 ms (1500–1500)   1.50   800');
    expect(second).toBe('P3  dd to tmpfs  1000 ms (900–1200)     750 ms (750–750)   0.75   800');
  });

  it('shows resident memory where it was looked at', () => {
    const residentMib = { cofferdam: summarise([120]), qemu: null };
    const lines = timeTable([row('memory', 'boot, 1 GiB', 1, { residentMib }), row('memory', 'core', 1)]);
    expect(lines[0]).toContain('resident');
    expect(lines[1]).toContain('120 MiB');
    expect(lines[2]).not.toContain('MiB');
  });

  it('does without QEMU', () => {
    expect(timeTable([row('P1', 'core', null)])[1]).toBe('P1  core  1000 ms (900–1200)     –      –   800');
    expect(ratioChart(report([row('P1', 'core', null)]))).toBeUndefined();
  });
});

describe('the report', () => {
  it('says where the time went, as shares', () => {
    const shares = {
      translated: 0.9,
      interpreter: 0.05,
      translation: 0.01,
      publishing: 0.015,
      devices: 0,
      exits: 0.005,
      other: 0.02,
      idle: 0.1,
    };
    const text = reportLines(report([row('P1', 'core', 1, { shares }), row('P2', 'fib', 1)])).join('\n');
    expect(text).toMatch(/^P1 {2}core +90\.0 % +5\.0 % +1\.0 % +1\.5 % +0\.0 % +0\.5 % +2\.0 % +10\.0 %$/m);
    expect(text.match(/^P2 {2}fib/gm)).toHaveLength(1);
  });

  it('says which rows are missing and why, even when all are', () => {
    const skipped = [{ group: 'P4' as const, name: 'tiny kernel', reason: 'no image linux-tiny' }];
    expect(reportLines(report([], { skipped })).join('\n')).toContain(
      'not measured: P4 tiny kernel: no image linux-tiny',
    );
  });
});

describe('the tables for the README', () => {
  it('have a column to be filled for v86, but for guest memory', () => {
    const residentMib = { cofferdam: summarise([120]), qemu: summarise([90]) };
    const rows = [
      row('P1', 'core', 1.5),
      row('P2', 'fib', 0.5),
      row('P4', 'tiny kernel', null),
      row('memory', 'boot, 1 GiB', 1, { residentMib }),
    ];
    const text = markdownLines(report(rows)).join('\n');
    expect(text).toContain(
      [
        '| program | Cofferdam | QEMU | ratio | v86 |',
        '|---|---:|---:|---:|---:|',
        '| core | 1000 ms (900–1200) | 1500 ms (1500–1500) | 1.50 | … |',
        '| fib | 1000 ms (900–1200) | 500 ms (500–500) | 0.50 | … |',
      ].join('\n'),
    );
    expect(text).toContain('| tiny kernel | 1000 ms (900–1200) | – | – | … |');
    expect(text).toContain(
      '| boot, 1 GiB | 1000 ms (900–1200) | 1000 ms (1000–1000) | 1.00 | 120 MiB | 90 MiB |',
    );
    expect(text).toContain('P1 1.50 (least 1.50, core), P2 0.87 (least 0.50, fib).');
    expect(text).not.toContain('time in');
  });
});

describe('the chart', () => {
  const chart = ratioChart(report([row('P1', 'core', 1.5), row('P2', 'a<b & "c"', 0.5)])) as string;
  const widths = [...chart.matchAll(/<rect[^>]* width="([\d.]+)"[^>]* fill="(#\w+)"/g)];

  it('draws a bar for each row, as long as its ratio, in another colour below 1', () => {
    expect(widths).toHaveLength(2);
    const [first, second] = widths.map((match) => Number(match[1]));
    expect((first as number) / (second as number)).toBeCloseTo(3, 1);
    expect(widths[0]?.[2]).not.toBe(widths[1]?.[2]);
  });

  it('says what was measured where, and makes text harmless', () => {
    expect(chart).toContain('Some &quot;fast&quot; &lt;processor&gt;, 2 cores');
    expect(chart).toContain('QEMU 7.2.22; medians of 3; 2026-11-24');
    expect(chart).toContain('a&lt;b &amp; &quot;c&quot;');
    expect(chart).not.toMatch(/<script|a<b/);
  });

  it('has every element closed', () => {
    const open: string[] = [];
    for (const [, slash, name, empty] of chart.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
      if (slash === '/') expect(open.pop()).toBe(name);
      else if (empty !== '/') open.push(name as string);
    }
    expect(open).toEqual([]);
  });

  it('ends its axis at a round number that no bar goes beyond', () => {
    expect([0.4, 1.4, 1.6, 3, 3.9, 9].map(axisEnd)).toEqual([1.5, 1.5, 2, 3, 4, 10]);
  });
});
