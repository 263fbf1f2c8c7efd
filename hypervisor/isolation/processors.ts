// The processors that a partition's process may run on (sched_setaffinity(2)). They are set for the thread that starts it,
// for as long as that takes: a process has them from its parent, from its first instruction on, for all of its threads,
// and in the jail no system call that changes them. Sets that do not overlap keep partitions off each other's processor,
// and, where the sets follow its cores, off each other's core.
import { mustSystemCall, systemCall } from './foreign-functions.ts';

/** Processors that a set can name: what the kernel's own sets hold (CPU_SETSIZE). */
export const MOST_PROCESSORS = 1024;
const SET_BYTES = MOST_PROCESSORS / 8;
const THIS_THREAD = 0;

export function processorSet(processors: readonly number[]): Uint8Array {
  const set = new Uint8Array(SET_BYTES);
  for (const processor of processors) (set[processor >> 3] as number) |= 1 << (processor & 7);
  return set;
}

export function processorsIn(set: Uint8Array): number[] {
  return Array.from({ length: set.length * 8 }, (_, processor) => processor).filter(
    (processor) => ((set[processor >> 3] as number) >> (processor & 7)) & 1,
  );
}

function ownSet(): Uint8Array {
  const set = new Uint8Array(SET_BYTES);
  mustSystemCall('sched_getaffinity', THIS_THREAD, set.length, set);
  return set;
}

/** The processors that this process may use; undefined where that cannot be asked. */
export function allowedProcessors(): number[] | undefined {
  try {
    return processorsIn(ownSet());
  } catch {
    return undefined;
  }
}

/**
 * Calls `start`, which starts a process at once, so that this runs on `processors` alone; undefined: wherever we may.
 * @throws SystemCallError where the kernel refuses them
 */
export function onProcessors<Started>(
  processors: readonly number[] | undefined,
  start: () => Started,
): Started {
  if (processors === undefined) return start();
  const before = ownSet();
  mustSystemCall('sched_setaffinity', THIS_THREAD, SET_BYTES, processorSet(processors));
  try {
    return start();
  } finally {
    systemCall('sched_setaffinity', THIS_THREAD, before.length, before);
  }
}
