// Why a guest's code was left for the hypervisor's: how often, by the partition's counters, and for how much of the
// time, by what was sampled.
import type { PartitionStatistics, ProfileEntry } from '../../../hypervisor/index.ts';

type Counters = PartitionStatistics['counters'];

export interface ExitCause {
  cause: string;
  /** null where nobody counts. */
  times: number | null;
  milliseconds: number;
}

/** What a call is told by: a function on the way that it takes in the hypervisor; the first row that fits counts. */
const rows: readonly (readonly [cause: string, way: string, times: (counters: Counters) => number | null])[] =
  [
    ['idle', 'idle', ({ idleCalls }) => idleCalls],
    ['publish code', 'publishCode', ({ codePublished, codeRefused }) => codePublished + codeRefused],
    ['signal event', 'signalEvent', ({ eventsSignalled }) => eventsSignalled],
    ['read the time', 'referenceTime', () => null],
  ];

export function exitCauses(entries: readonly ProfileEntry[], counters: Counters | undefined): ExitCause[] {
  const calls = entries.filter(({ isWasm, calledFor }) => !isWasm && calledFor.length > 0);
  const causeOf = ({ calledFor }: ProfileEntry): number =>
    rows.findIndex(([, way]) => calledFor.some((name) => name.split('$')[0] === way));
  const sum = (index: number): number =>
    calls.reduce((total, entry) => total + (causeOf(entry) === index ? entry.milliseconds : 0), 0);
  const causes = rows.map(([cause, , times], index) => ({
    cause,
    times: counters === undefined ? null : times(counters),
    milliseconds: sum(index),
  }));
  const told = causes.reduce((total, { cause, times }) => total + (cause === 'idle' ? 0 : (times ?? 0)), 0);
  return [
    ...causes,
    {
      cause: 'other hypercalls',
      times: counters === undefined ? null : counters.hypercalls - told,
      milliseconds: sum(-1),
    },
  ]
    .filter(({ times, milliseconds }) => (times ?? 0) > 0 || milliseconds > 0)
    .sort((a, b) => b.milliseconds - a.milliseconds);
}
