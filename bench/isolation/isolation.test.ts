// The isolation benchmarks' parts that decide what is reported: sampling, bars, options, report, the search for the
// number of neighbours, the kernel's texts. Made-up measurements; no times. main.test.ts runs the whole.
import { describe, expect, it } from 'vitest';
import { type Machine, summarise } from '../machine.ts';
import { BenchUsageError } from '../usage.ts';
import { bars, verdicts } from './bars.ts';
import { isRowWanted } from './bench.ts';
import { isolationChart } from './chart.ts';
import { checkedSpeed } from './compute.ts';
import { largestBorne } from './density.ts';
import { parseIsolationOptions } from './options.ts';
import { privateMib, writableMappings } from './process-memory.ts';
import { makeReport, markdownLines, reportLines, showValue } from './report.ts';
import { type CaseResult, type Level, measureRow, type Row, type RowResult } from './row.ts';

const machine: Machine = {
  processor: 'Some "fast" <processor>',
  cores: 2,
  memoryGib: 24,
  kernel: '6.1',
  engine: 'Node v26.10.0, V8 14.6',
  qemu: null,
  loadAverage: 0,
  date: '2026-11-28T10:00:00.000Z',
};

const caseOf = (level: Level, ratio: number | null, value = 10): CaseResult => ({
  level,
  value: summarise([value]),
  floor: ratio === null ? null : { name: 'floor', value: summarise([1]), ratio: summarise([ratio]) },
});

const rowOf = (name: string, cases: CaseResult[]): RowResult => ({ group: 'calls', name, unit: 'ns', cases });

describe('a row', () => {
  it('is sampled in turn, floors first, the first round not counted, each ratio within its round', async () => {
    const order: string[] = [];
    const values = { floor: [9, 1, 2, 4], thread: [9, 2, 4, 8], jail: [9, 5, 10, 20] };
    const sample = (name: keyof typeof values) => () => {
      order.push(name);
      return Promise.resolve(values[name].shift() as number);
    };
    const floor = { name: 'bare', sample: sample('floor') };
    const row: Row = {
      group: 'calls',
      name: 'call',
      unit: 'ns',
      cases: [
        { level: 'thread', floor, sample: sample('thread') },
        { level: 'jail', floor, sample: sample('jail') },
      ],
    };
    const { cases } = await measureRow(row, 3);
    expect(order.join(' ')).toBe(Array(4).fill('floor thread jail').join(' '));
    // Every sample is twice its round's floor, whatever the rounds were like.
    expect(cases[0]?.floor?.ratio).toMatchObject({ samples: 3, median: 2, min: 2, max: 2 });
    expect(cases[1]).toMatchObject({ value: { median: 10 }, floor: { name: 'bare', ratio: { median: 5 } } });
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('does not take %d for a measurement', async (value) => {
    const cases = [{ level: 'jail' as const, sample: () => Promise.resolve(value) }];
    await expect(measureRow({ group: 'calls', name: 'call', unit: 'ns', cases }, 1)).rejects.toThrow(
      /call, jail/,
    );
  });

  it('ends with the error of a sample that checked its result', async () => {
    const cases = [
      { level: 'jail' as const, sample: () => Promise.resolve(checkedSpeed(0x1234, 0x1235, 10)) },
    ];
    const wrong = async () => measureRow({ group: 'compute', name: 'compute', unit: 'ns', cases }, 1);
    await expect(wrong()).rejects.toThrow(/checksum 4661, expected 4660/);
    expect(checkedSpeed(0x1234, 0x1234, 10)).toBeGreaterThan(0);
  });
});

describe('the bars', () => {
  it('count the level that came off worst', () => {
    const rows = [
      rowOf('hypercall', [caseOf('thread', 1.2), caseOf('jail', 2.6)]),
      rowOf('compute', [caseOf('thread', 0.98), caseOf('jail', 1.01)]),
      rowOf('idle Linux, processor share', [caseOf('process', null, 0.1), caseOf('jail', null, 0.2)]),
    ];
    expect(
      verdicts(rows).map(({ bar, level, isMustMet, isAimMet }) => [bar.id, level, isMustMet, isAimMet]),
    ).toEqual([
      ['P6', 'jail', false, false],
      ['P8', 'thread', true, false],
      ['P9', 'jail', true, true],
    ]);
  });

  it('say nothing of what was not measured, or has no floor', () => {
    expect(
      verdicts([rowOf('hypercall', [caseOf('jail', null)]), rowOf('kill', [caseOf('jail', 9)])]),
    ).toEqual([]);
    for (const { isBetter, must, aim } of bars)
      expect(isBetter === 'below' ? aim < must : aim > must).toBe(true);
  });
});

describe('rows', () => {
  it.each([
    [['P7'], true],
    [['p7'], true],
    [['calls'], true],
    [['brokered'], true],
    [[], true],
    [['P6'], false],
    [['P77'], false],
    [['compute'], false],
  ])('are chosen by bar, group or name: %j', (only, isWanted) => {
    expect(isRowWanted({ group: 'calls', name: 'brokered round trip, one processor' }, only)).toBe(isWanted);
  });
});

describe('the report', () => {
  const rows = [
    rowOf('hypercall', [caseOf('thread', 1.25, 12), caseOf('jail', 2.75, 1200)]),
    {
      ...rowOf('busy neighbours borne', [caseOf('jail', null, 3)]),
      unit: 'partitions' as const,
      note: 'at most 4',
    },
  ];
  const skipped = [{ group: 'memory' as const, name: 'memory per idle partition', reason: 'not root' }];
  const report = makeReport(machine, 7, { rows, skipped });

  it('shows values, ratios, floors, verdicts, and what was left out', () => {
    const text = reportLines(report).join('\n');
    expect(text).toMatch(
      /hypercall +jail +1\.20 µs \(1\.20 µs–1\.20 µs\) +2\.75 \(2\.75–2\.75\) +1\.00 ns .*floor/,
    );
    expect(text).toContain('P6 hypercall: 2.75 at level jail; must ≤ 2.5, aim ≤ 1.5: MISSED');
    expect(text).toContain('busy neighbours borne: at most 4');
    expect(text).toContain('not measured: memory per idle partition: not root');
    expect(text.startsWith('Some "fast" <processor>, 2 cores')).toBe(true);
  });

  it('is a table of Markdown, too', () => {
    const lines = markdownLines(report);
    expect(lines).toContain('| row | level | value | ratio | floor |');
    expect(lines.find((line) => line.includes('| thread |'))).toMatch(
      /^\| hypercall \| thread \| 12\.0 ns .* 1\.25/,
    );
  });

  it('is drawn with a bar for each ratio, and not at all without ratios', () => {
    const chart = isolationChart(report);
    expect(chart?.match(/>1\.25<|>2\.75</g)).toHaveLength(2);
    expect(chart).toContain('Some &quot;fast&quot; &lt;processor&gt;');
    expect(isolationChart({ ...report, rows: rows.slice(1) })).toBeUndefined();
  });

  it('gives nanoseconds above a thousand as microseconds', () => {
    expect([999, 1000, 123_456].map((value) => showValue('ns', value))).toEqual([
      '999 ns',
      '1.00 µs',
      '123 µs',
    ]);
  });
});

describe('the search for the number of neighbours', () => {
  it.each([
    [0, 32],
    [1, 32],
    [2, 32],
    [5, 32],
    [13, 32],
    [31, 32],
    [32, 32],
    [40, 32],
    [1, 1],
    [0, 1],
    [3, 3],
  ])('finds %i of at most %i, asking once about a number', async (limit, most) => {
    const asked: number[] = [];
    const found = await largestBorne(most, (count) => {
      asked.push(count);
      return Promise.resolve(count <= limit);
    });
    expect(found).toBe(Math.min(limit, most));
    expect(new Set(asked).size).toBe(asked.length);
    expect(Math.max(...asked)).toBeLessThanOrEqual(most);
  });
});

describe("the kernel's texts", () => {
  it('give private memory', () => {
    const rollup = 'Rss:  9000 kB\nPrivate_Clean:      1024 kB\nPrivate_Dirty:      2048 kB\n';
    expect(privateMib(rollup)).toBe(3);
    expect(() => privateMib('Rss: 1 kB\n')).toThrow(/private/);
  });

  it('give the mappings that can be written', () => {
    const maps = [
      '00400000-00452000 r-xp 00000000 08:02 173521  /usr/bin/x',
      '7f0000000000-7f0000010000 rw-s 00000000 00:00 0',
      '7f0000020000-7f0000030000 ---p 00000000 00:00 0',
    ].join('\n');
    expect(writableMappings(maps)).toEqual([{ start: 0x7f00_0000_0000, bytes: 0x10000 }]);
  });
});

describe('the options of the isolation benchmarks', () => {
  it('are every level and seven samples when nothing is said', () => {
    expect(parseIsolationOptions([])).toEqual({
      samples: 7,
      only: [],
      levels: ['thread', 'process', 'jail'],
      image: 'linux-tiny',
      neighbours: 32,
      isJson: false,
      isMarkdown: false,
      svg: undefined,
    });
  });

  it('are taken as typed', () => {
    const words =
      '--only P6 --isolation jail --isolation thread --samples 5 --json --svg a.svg --neighbours 4';
    expect(parseIsolationOptions(words.split(' '))).toMatchObject({
      only: ['P6'],
      levels: ['jail', 'thread'],
      samples: 5,
      isJson: true,
      svg: 'a.svg',
      neighbours: 4,
    });
    expect(parseIsolationOptions(['-h'])).toBe('help');
  });

  it.each([
    [['--samples', '0'], /--samples.*"0"/],
    [['--isolation', 'bare'], /thread, process, jail/],
    [['--neighbours', 'x'], /--neighbours/],
    [['--json', '--markdown'], /both/],
    [['calls'], /calls/],
  ])('%j cannot be meant', (words, message) => {
    expect(() => parseIsolationOptions(words)).toThrow(BenchUsageError);
    expect(() => parseIsolationOptions(words)).toThrow(message);
  });
});
