// What a partition process says of its own fate, brought into shape: it may be anybody's by now, so whatever it says is
// some end and some counters, and nothing else.
import { counterNames } from '../virtual-processor/control-block.ts';
import type { ContainerExit } from './partition-container.ts';
import type { PartitionCounters } from './partition-host.ts';

const MAX_MESSAGE = 1000;

type Fields = Record<string, unknown>;

/** A u32, 0 for whatever is no number. */
const word = (value: unknown): number => (typeof value === 'number' ? value >>> 0 : 0);

/** Never runs what came: String() of an object would. */
const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_MESSAGE) : '');

export function checkedExit(exit: unknown): ContainerExit {
  const { kind, reason, code, message } = (exit ?? {}) as Fields;
  if (kind === 'exited') return { kind, reason: word(reason), code: word(code) };
  if (kind === 'stopped') return { kind };
  if (kind === 'trapped' || kind === 'disconnected') return { kind, message: text(message) };
  return { kind: 'killed', message: 'the partition process reported an unknown end' };
}

export function checkedCounters(counters: unknown): PartitionCounters {
  const given = (counters ?? {}) as Fields;
  return Object.fromEntries(counterNames.map((name) => [name, word(given[name])])) as PartitionCounters;
}
