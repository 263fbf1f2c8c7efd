// Where the two partition processes may run (taskset(1), of util-linux): wherever the kernel puts them, on one processor
// together, or on one each.
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export type Placement = 'free' | 'together' | 'apart';
export const placements: readonly Placement[] = ['free', 'together', 'apart'];

/** Why a placement cannot be had, or undefined. */
export function placementLacks(placement: Placement, isolation: string): string | undefined {
  if (placement === 'free') return undefined;
  if (isolation === 'thread') return 'threads of one process are not placed apart from each other';
  if (placement === 'apart' && availableParallelism() < 2) return 'there is one processor';
  return undefined;
}

export function place(placement: Placement, senderPid: number, receiverPid: number): void {
  if (placement === 'free') return;
  const pin = (pid: number, processor: number): void => {
    execFileSync('taskset', ['-a', '-c', '-p', String(processor), String(pid)], { stdio: 'ignore' });
  };
  pin(receiverPid, 0);
  pin(senderPid, placement === 'together' ? 0 : 1);
}
