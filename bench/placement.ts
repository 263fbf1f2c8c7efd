// Where two sides of something may run (taskset(1), of util-linux): wherever the kernel puts them, on one processor
// together, or on one each.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';

export type Placement = 'free' | 'together' | 'apart';
export const placements: readonly Placement[] = ['free', 'together', 'apart'];

/** Why a placement cannot be had, or undefined. */
export function placementLacks(placement: Placement, isolation: string): string | undefined {
  if (placement === 'free') return undefined;
  if (isolation === 'thread') return 'threads of one process are not placed apart from each other';
  if (placement === 'apart' && availableParallelism() < 2) return 'there is one processor';
  return undefined;
}

/** Places processes, each with all the threads that it has by now. */
export function place(placement: Placement, near: readonly number[], far: readonly number[]): void {
  if (placement === 'free') return;
  for (const pid of near) pin(pid, '0');
  for (const pid of far) pin(pid, placement === 'together' ? '0' : '1');
}

/** Lets them run anywhere again. */
export function unplace(pids: readonly number[]): void {
  for (const pid of pids) pin(pid, `0-${cpus().length - 1}`);
}

function pin(pid: number, processors: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', processors, String(pid)], { stdio: 'ignore' });
}
