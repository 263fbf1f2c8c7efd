// What was typed behind `npm run bench:covert --`, checked once.
import { type IsolationLevel, isolationLevels } from '../../hypervisor/index.ts';
import { type Placement, placements } from '../placement.ts';
import { BenchUsageError, parseCount, parseWords } from '../usage.ts';
import { channels } from './channels.ts';

export const HELP = `Meters covert channels between two partitions that share nothing but the machine: over processor load, over time that
is missing (steal), over the caches; at each isolation level, placement and clock granularity. The meter is tried first:
on a channel that is open on purpose it must read much, with nobody sending about nothing.

usage: npm run bench:covert -- [options]

  --slots N           slots per measurement, half of them to learn from (default 240)
  --channel NAME      ${channels.map(({ name }) => name).join(', ')}; may be given again (default all)
  --isolation LEVEL   thread, process or jail; may be given again (default process and jail)
  --placement NAME    free, together (one processor) or apart; may be given again (default free and together)
  --granularity NS    of the guests' clocks, a multiple of 100; may be given again (default 100 and 10000000)
  --json              the result as JSON
  --help              this

The table goes to standard output, what is going on to standard error. A rate is the capacity of a binary symmetric
channel with the error rate seen, times slots per second; the best of the slot lengths counts. It says what on-off keying
with these slots gets across, between ends that are in step, on this machine now: who codes better may get more.

Exit status: 0, or 1 when the meter failed its own trial, 2 for wrong usage, 128 and more when a signal ended it.

Examples:
  npm run bench:covert
  npm run bench:covert -- --channel cache --placement apart --isolation jail
  npm run bench:covert -- --granularity 100 --granularity 1000000 --slots 1000 --json > covert.json
`;

export interface CovertOptions {
  slots: number;
  channels: readonly string[];
  levels: readonly IsolationLevel[];
  placements: readonly Placement[];
  granularitiesNs: readonly number[];
  isJson: boolean;
}

const DEFAULT_GRANULARITIES = ['100', '10000000'];
const TICK_NS = 100;
/** With fewer, chance looks like a message too often. */
const LEAST_SLOTS = 100;
/** A line of orders holds as many bits. */
const MOST_SLOTS = 4000;

/** @throws BenchUsageError */
export function parseCovertOptions(words: readonly string[]): CovertOptions | 'help' {
  const values = parse(words);
  if (values.help) return 'help';
  const slots = parseCount('--slots', values.slots);
  if (slots < LEAST_SLOTS || slots > MOST_SLOTS)
    throw new BenchUsageError(`--slots: expected ${LEAST_SLOTS} to ${MOST_SLOTS}, got ${slots}`);
  const names = channels.map(({ name }) => name);
  return {
    slots,
    channels: chosen('--channel', values.channel, names, names),
    levels: chosen('--isolation', values.isolation, isolationLevels, ['process', 'jail']),
    placements: chosen('--placement', values.placement, placements, ['free', 'together']),
    granularitiesNs: (values.granularity.length === 0 ? DEFAULT_GRANULARITIES : values.granularity).map(
      parseGranularity,
    ),
    isJson: values.json,
  };
}

function chosen<T extends string>(
  option: string,
  texts: readonly string[],
  allowed: readonly T[],
  otherwise: readonly T[],
): readonly T[] {
  if (texts.length === 0) return otherwise;
  return texts.map((text) => {
    const found = allowed.find((each) => each === text);
    if (found !== undefined) return found;
    throw new BenchUsageError(`${option}: expected ${allowed.join(', ')}, got ${JSON.stringify(text)}`);
  });
}

function parseGranularity(text: string): number {
  const ns = parseCount('--granularity', text);
  if (ns % TICK_NS === 0) return ns;
  throw new BenchUsageError(`--granularity: expected a multiple of ${TICK_NS}, got ${ns}`);
}

function parse(words: readonly string[]) {
  const many = { type: 'string', multiple: true, default: [] as string[] } as const;
  return parseWords({
    args: [...words],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      slots: { type: 'string', default: '240' },
      channel: many,
      isolation: many,
      placement: many,
      granularity: many,
      json: { type: 'boolean', default: false },
    },
  });
}
