// The entry of a VP worker thread, run by the Piscina pool of its partition (hypervisor/isolation/partition-host.ts).
import { prepareToWait } from '../platform/frame-socket.ts';
import { runVirtualProcessor } from './run-loop.ts';
import type { VpOutcome, VpTask } from './vp-task.ts';

/** Lets the pool start the thread, and load what it needs, before there is a guest to run. */
export interface WarmUp {
  warmUp: true;
}

// The pool names this export in every task.
export function run(task: VpTask | WarmUp): VpOutcome | 'warm' {
  if (!('warmUp' in task)) return runVirtualProcessor(task);
  prepareToWait();
  return 'warm';
}
