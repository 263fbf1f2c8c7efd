// What was typed behind `npm run bench:isolation --`, checked once.
import { type IsolationLevel, isolationLevels } from '../../hypervisor/index.ts';
import { BenchUsageError, parseCount, parseWords } from '../usage.ts';
import type { Settings } from './bench.ts';

export const HELP = `Measures what isolation costs, at each level beside its floor in the same run, in turn: calls, throughput, compute,
start and kill, memory, published code, an idle Linux guest, density. Rows P6 to P9 have bars, and the report says
whether they are met.

usage: npm run bench:isolation -- [options]

  --samples N        samples of each case (default 7)
  --only TEXT        rows of the group TEXT or of the bar TEXT (P6 to P9), or whose name holds TEXT; may be
                     given again
  --isolation LEVEL  thread, process or jail; may be given again (default all)
  --image NAME       Linux image of the rows about an idle guest (default linux-tiny)
  --neighbours N     most neighbours of the density rows (default 32)
  --json             the result as JSON
  --markdown         the result as tables for the README
  --svg FILE         a chart of the ratios
  --help             this

The table goes to standard output, what is going on to standard error. A ratio is a multiple of the floor's value in the
same round; of speeds (MiB/s, Mstep/s) more is better, of everything else less.

Exit status: 0, or 1 when a result was wrong or a bar that must be met was not, 2 for wrong usage, 128 and more when a
signal ended it (130 for Ctrl-C).

Examples:
  npm run bench:isolation
  npm run bench:isolation -- --only calls --only compute --samples 15
  npm run bench:isolation -- --only P7 --isolation jail
  npm run bench:isolation -- --svg bench/results/isolation.svg --json > result.json
`;

export interface IsolationOptions extends Settings {
  isJson: boolean;
  isMarkdown: boolean;
  svg: string | undefined;
}

/** @throws BenchUsageError */
export function parseIsolationOptions(words: readonly string[]): IsolationOptions | 'help' {
  const values = parse(words);
  if (values.help) return 'help';
  if (values.json && values.markdown)
    throw new BenchUsageError('--json, --markdown: expected one of them, got both');
  return {
    samples: parseCount('--samples', values.samples),
    only: values.only,
    levels: values.isolation.length === 0 ? isolationLevels : values.isolation.map(parseLevel),
    image: values.image,
    neighbours: parseCount('--neighbours', values.neighbours),
    isJson: values.json,
    isMarkdown: values.markdown,
    svg: values.svg,
  };
}

function parseLevel(text: string): IsolationLevel {
  const level = isolationLevels.find((each) => each === text);
  if (level !== undefined) return level;
  throw new BenchUsageError(
    `--isolation: expected ${isolationLevels.join(', ')}, got ${JSON.stringify(text)}`,
  );
}

function parse(words: readonly string[]) {
  return parseWords({
    args: [...words],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      samples: { type: 'string', default: '7' },
      only: { type: 'string', multiple: true, default: [] },
      isolation: { type: 'string', multiple: true, default: [] },
      image: { type: 'string', default: 'linux-tiny' },
      neighbours: { type: 'string', default: '32' },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      svg: { type: 'string' },
    },
  });
}
