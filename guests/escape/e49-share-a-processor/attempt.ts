import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Partition } from '../../../hypervisor/index.ts';
import { endlessLoop, guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import type { Attempt } from '../attempt.ts';
import { BUSY_ATTACKERS, keepToTwoProcessors, runSideBySide } from '../stage/side-by-side.ts';

const TRACE_MS = 1500;
const LOOK_MS = 5;
/** Index, behind the name in parentheses, of the processor that a thread ran on last (proc_pid_stat(5), field 39). */
const STATE = 0;
const PROCESSOR = 36;

/** The processors that a partition's threads run on, or would go on running on, now. */
function processorsOf({ pid }: Partition): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const fields =
        readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return fields[STATE] === 'R' ? [Number(fields[PROCESSOR])] : [];
    } catch {
      return []; // ended meanwhile
    }
  });
}

export const shareAProcessor: Attempt = {
  id: 'E49',
  name: 'run on the processor that a neighbour has for itself',
  boundary: 'guest and guest',
  wants: 'confidentiality',
  ancestor:
    'what a core keeps of one tenant is read by the next one, or by its sibling: L1TF (CVE-2018-3646), MDS (CVE-2018-12130); core scheduling and processor groups of Hyper-V',
  statement:
    "A neighbour has a processor for itself, because its creator does not trust what processors leave behind. Three partitions of an attacker's want all the processor time there is, so that the kernel's scheduler puts one of them where the neighbour runs, sooner or later. A partition's process is kept to its processors from its first instruction on, by the kernel, and in the jail has no system call to change that: in a trace of where all of them run, neighbour and attacker never meet.",
  heldBy: [['placement']],
  // At level `thread` no partition has a process of its own.
  levels: ['process', 'jail'],
  async run(stage) {
    if (stage.isolation === 'thread')
      return { hasSucceeded: true, evidence: ['threads of one process are not kept apart'] };
    const [neighbours, attackers] = keepToTwoProcessors();
    const guest = guestModule({ body: endlessLoop });
    stage.tries(`to have one of ${BUSY_ATTACKERS} busy partitions run where a neighbour does`);
    const attacker = { guest, cpu: { processors: [attackers] } };
    const seen = { victim: new Set<number>(), attacker: new Set<number>() };
    let looks = 0;
    await runSideBySide(
      stage,
      [{ guest, name: 'victim', cpu: { processors: [neighbours] } }, ...Array(BUSY_ATTACKERS).fill(attacker)],
      async ([victim, ...others]) => {
        const end = performance.now() + TRACE_MS;
        while (performance.now() < end) {
          for (const processor of processorsOf(victim as Partition)) seen.victim.add(processor);
          for (const processor of others.flatMap(processorsOf)) seen.attacker.add(processor);
          looks++;
          await delay(LOOK_MS);
        }
      },
    );
    if (seen.victim.size === 0 || seen.attacker.size === 0)
      throw new Error(`nobody was seen running in ${looks} looks`);
    const shared = [...seen.victim].filter((processor) => seen.attacker.has(processor));
    const evidence = [
      `in ${looks} looks the neighbour ran on ${[...seen.victim].sort().join(', ')}, the attacker on ${[...seen.attacker].sort().join(', ')}`,
    ];
    stage.sees(evidence.join());
    return { hasSucceeded: shared.length > 0, evidence };
  },
};
