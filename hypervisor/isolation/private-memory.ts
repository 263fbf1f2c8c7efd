// A process keeps its memory to itself: no core dump (setrlimit(2), core(5)), and no tracing or reading by others of its
// user (prctl(2) PR_SET_DUMPABLE, ptrace(2)). The limit alone would not do: it does not hold for dumps that the kernel
// pipes into a program. Both stay as they are: the filter of a process in the jail knows neither call.
import { hasForeignFunctions, systemCall } from './foreign-functions.ts';
import { setLimit } from './resource-limit.ts';

const PR_SET_DUMPABLE = 4;
const RLIMIT_CORE = 4;

/**
 * For the calling process, after its last change of user or program, which would undo it.
 * @returns the wall, or none where the kernel refuses
 */
export function keepMemoryPrivate(): string[] {
  if (!hasForeignFunctions()) return [];
  const leavesNoCore = setLimit(RLIMIT_CORE, 0);
  const isClosed = systemCall('prctl', PR_SET_DUMPABLE, 0, 0, 0, 0) === 0;
  return leavesNoCore && isClosed ? ['no core dump, no tracing by others'] : [];
}
