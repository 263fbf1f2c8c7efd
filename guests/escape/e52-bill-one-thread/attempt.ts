import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { allowedProcessors, type Partition } from '../../../hypervisor/index.ts';
import { endlessLoop, guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import type { Attempt } from '../attempt.ts';

/** Its own, and as many as the engine has for slow functions. */
const THREADS = 5;
const LOOK_MS = 20;
const TICK_MS = 10;
/** Processor time that each has had before anything is measured. */
const WARM_UP_MS = 100;
/** Processor time of both together in which shares are measured. */
const MEASURED_MS = 900;
/** Half is its right; among threads it would be a sixth. */
const LEAST_SHARE = 0.4;

/** User and system time of all threads (proc(5), /proc/PID/stat). */
function usedMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Has processes run on one processor, so that what one gets is not the other's, however many there are. */
function bringTogether(pids: readonly number[]): void {
  const [allowed = 0] = allowedProcessors() ?? [];
  for (const pid of pids)
    execFileSync('taskset', ['-a', '-c', '-p', String(allowed), String(pid)], { stdio: 'ignore' });
}

/** What part of the processor time of both the first one gets. */
async function shareOf(victim: Partition, gamer: Partition): Promise<number> {
  const used = (): [number, number] => [usedMs(victim.pid), usedMs(gamer.pid)];
  const start = used();
  while (used().some((ms, index) => ms - (start[index] as number) < WARM_UP_MS)) await delay(LOOK_MS);
  const before = used();
  const since = (): [number, number] => {
    const [victimMs, gamerMs] = used();
    return [victimMs - before[0], gamerMs - before[1]];
  };
  let [victimMs, gamerMs] = since();
  while (victimMs + gamerMs < MEASURED_MS) {
    await delay(LOOK_MS);
    [victimMs, gamerMs] = since();
  }
  return victimMs / (victimMs + gamerMs);
}

export const billOneThread: Attempt = {
  id: 'E52',
  name: 'have one thread billed and run five',
  boundary: 'guest and guest',
  wants: 'availability',
  ancestor:
    'schedulers cheated out of processor time: Tsafrir et al. 2007, Zhou et al. 2011 (Xen), work that is billed to others',
  statement:
    "Two partitions of equal weight share a processor. One has broken out of the engine and has five threads compute in its process, each of which looks as modest as its neighbour's only one: whoever bills a partition for one of them gives it five times as much. The governor counts what the kernel has measured for the whole process, every thread and every nanosecond of it, and stops the process that is ahead.",
  fallen: ['engine'],
  heldBy: [['whole-process-billed']],
  // At level `thread` there are no shares.
  levels: ['process', 'jail'],
  async run(stage) {
    if (stage.isolation === 'thread')
      return { hasSucceeded: true, evidence: ['no shares are kept among threads'] };
    let share: number | undefined;
    let said = '';
    stage.tries(`to get more of a processor with ${THREADS} threads than a neighbour with one`);
    await stage.runGuest({
      name: 'victim',
      guest: guestModule({ body: endlessLoop }),
      whileRunning: async (victim) => {
        const gamer = await stage.runGuest({
          guest: 'escaped',
          arguments: { planted: 'E52', threads: String(THREADS) },
          beforeStart: async ({ pid }) => bringTogether([victim.pid, pid]),
          whileRunning: async (partition) => {
            // Where one of them has ended there is nothing to measure.
            share = await shareOf(victim, partition).catch(() => undefined);
            await partition.kill();
          },
        });
        said = gamer.text;
        await victim.kill();
      },
    });
    if (share === undefined) throw new Error(`no threads were started: ${said}`);
    const evidence = [`the neighbour got ${Math.round(100 * share)} % of their processor time`];
    stage.sees(evidence.join());
    return { hasSucceeded: share < LEAST_SHARE, evidence };
  },
};
