// What was typed behind `npm run bench:guest --`, checked once.
import { type IsolationLevel, isolationLevels } from '../../hypervisor/index.ts';
import { BenchUsageError, parseCount, parseWords } from '../usage.ts';

export const HELP = `Measures Linux guests in Cofferdam and in QEMU alternately: the same kernel, initramfs and binaries, results
compared. Rows P1 (core), P2 (programs), P3 (system paths), P4 (boots), and what guest memory costs.

usage: npm run bench:guest -- [options]

  --samples N        runs that count of each row on each machine (default 5)
  --only TEXT        rows of the group TEXT, or whose name holds TEXT; may be given again
  --image NAME       Linux image for the rows P1 to P3 (default linux-tiny)
  --memory MIB       guest memory but for the rows about memory (default 256)
  --isolation LEVEL  thread, process or jail (default jail)
  --coremark DIR     also EEMBC's CoreMark, from its sources in DIR
  --no-qemu          Cofferdam alone
  --no-shares        without the untimed runs that tell where the time went
  --json             the result as JSON
  --markdown         the result as tables for the README
  --svg FILE         a chart of the ratios
  --help             this

The table goes to standard output, what is going on to standard error. A ratio is QEMU's time as a multiple of ours:
above 1, Cofferdam is faster. The row python3 has an image of its own, linux-bench, built on first use.

Exit status: 0, or 1 when results differed or a guest failed or nothing could be measured, 2 for wrong usage, 128 and
more when a signal ended it (130 for Ctrl-C).

Examples:
  npm run bench:guest
  npm run bench:guest -- --only P3 --samples 9
  npm run bench:guest -- --only sha256 --only matrix --no-shares
  npm run bench:guest -- --coremark ~/coremark --svg bench/results/guest.svg --json > result.json
`;

export interface BenchOptions {
  samples: number;
  only: readonly string[];
  image: string;
  memoryMib: number;
  isolation: IsolationLevel;
  coremark: string | undefined;
  hasQemu: boolean;
  hasShares: boolean;
  isJson: boolean;
  isMarkdown: boolean;
  svg: string | undefined;
}

/** @throws BenchUsageError */
export function parseBenchOptions(words: readonly string[]): BenchOptions | 'help' {
  const values = parse(words);
  if (values.help) return 'help';
  if (values.json && values.markdown)
    throw new BenchUsageError('--json, --markdown: expected one of them, got both');
  const isolation = isolationLevels.find((level) => level === values.isolation);
  if (isolation === undefined)
    throw new BenchUsageError(
      `--isolation: expected ${isolationLevels.join(', ')}, got ${JSON.stringify(values.isolation)}`,
    );
  return {
    samples: parseCount('--samples', values.samples),
    only: values.only,
    image: values.image,
    memoryMib: parseCount('--memory', values.memory),
    isolation,
    coremark: values.coremark,
    hasQemu: values.qemu,
    hasShares: values.shares,
    isJson: values.json,
    isMarkdown: values.markdown,
    svg: values.svg,
  };
}

function parse(words: readonly string[]) {
  return parseWords({
    args: [...words],
    allowNegative: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      samples: { type: 'string', default: '5' },
      only: { type: 'string', multiple: true, default: [] },
      image: { type: 'string', default: 'linux-tiny' },
      memory: { type: 'string', default: '256' },
      isolation: { type: 'string', default: 'jail' },
      coremark: { type: 'string' },
      qemu: { type: 'boolean', default: true },
      shares: { type: 'boolean', default: true },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      svg: { type: 'string' },
    },
  });
}
