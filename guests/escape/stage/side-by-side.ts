// Several hostile guests at a time, all of which want a processor, where there are two.
import { execFileSync } from 'node:child_process';
import { allowedProcessors, type Partition } from '../../../hypervisor/index.ts';
import type { GuestRun, HostileGuestOptions, Stage } from './stage.ts';

/** More than two processors' worth of them, so that one of these has two, wherever the kernel puts them. */
export const BUSY_ATTACKERS = 3;

/**
 * Keeps this process, and with it all that it starts from now on, to two processors, whose numbers it gives: on a machine
 * of many, guests would hardly ever meet.
 */
export function keepToTwoProcessors(): [number, number] {
  const [first, second] = allowedProcessors() ?? [];
  if (first === undefined || second === undefined) throw new Error('this attack needs two processors');
  const list = `${first},${second}`;
  execFileSync('taskset', ['-a', '-c', '-p', list, String(process.pid)], { stdio: 'ignore' });
  return [first, second];
}

/** Runs guests until `whileRunning` is done with them; those that still run then are killed. */
export async function runSideBySide(
  stage: Stage,
  guests: readonly HostileGuestOptions[],
  whileRunning: (partitions: readonly Partition[]) => Promise<void>,
): Promise<GuestRun[]> {
  const running: Partition[] = [];
  const runs: Promise<GuestRun>[] = [];
  const end = Promise.withResolvers<void>();
  try {
    for (const guest of guests) {
      const isRunning = Promise.withResolvers<void>();
      const run = stage.runGuest({
        ...guest,
        whileRunning: async (partition) => {
          running.push(partition);
          isRunning.resolve();
          await end.promise;
          await partition.kill();
        },
      });
      runs.push(run);
      await Promise.race([isRunning.promise, run]);
    }
    await whileRunning(running);
  } finally {
    end.resolve();
  }
  return await Promise.all(runs);
}
