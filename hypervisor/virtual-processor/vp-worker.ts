// The entry of a VP worker thread, run by the Piscina pool of its partition (hypervisor/isolation/partition-host.ts).
import { runVirtualProcessor } from './run-loop.ts';
import type { VpOutcome, VpTask } from './vp-task.ts';

/** Lets the pool start the thread, and load this file, before there is a guest to run. */
export interface WarmUp {
  warmUp: true;
}

// The pool names this export in every task.
export function run(task: VpTask | WarmUp): VpOutcome | 'warm' {
  return 'warmUp' in task ? 'warm' : runVirtualProcessor(task);
}
