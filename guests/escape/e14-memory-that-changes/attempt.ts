import type { Partition } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';
import type { Stage } from '../stage/stage.ts';

/** Two openings, and the question. */
const FRAMES_UNTIL_ANSWER = 3;

/** Waits until the root partition has answered: it does so in the turn in which it gets the question. */
async function untilAnswered(partition: Partition): Promise<void> {
  while (((await partition.statistics()).root['framesReceived'] ?? 0) < FRAMES_UNTIL_ANSWER);
}

/**
 * Has the answer come when it is to, whoever is served when: the root partition stands still until the VP waits for it, in
 * the middle of the hypercall; the VP stands still there until the answer is in its socket, which it then takes before it
 * goes on.
 */
async function holdTheCall(stage: Stage, partition: Partition, isCalling: Promise<void>): Promise<void> {
  const { rootPid } = stage.hypervisor;
  try {
    await Promise.race([isCalling, partition.exited]);
    // A VP that waits for its socket looks whether it is to pause; until then this guest's looks nowhere.
    await partition.pause();
  } finally {
    process.kill(rootPid, 'SIGCONT');
  }
  await untilAnswered(partition);
  stage.sees('an answer is there that will change the packet on which the hypercall works');
  partition.resume();
}

export const memoryThatChanges: Attempt = {
  id: 'E14',
  name: "change a packet's length during the hypercall that sends it",
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'double fetches of shared memory: Xen XSA-155, cloud-hypervisor vsock #7530',
  statement:
    "A partition has one VP, but a second writer to its memory: who puts the root partition's answers where the guest wants them, also in the middle of a hypercall that waits. The guest lays one channel's incoming ring over another's outgoing one and signals the second. The hypervisor has looked at a packet's length and found it good when its socket is full, and the call has to wait; an answer comes, and the length is 2 GiB. Code that fetched it again would copy past the end of its own buffer. Each field of a packet is fetched once, and what has been checked is what counts.",
  heldBy: [['length-fetched-once']],
  async run(stage) {
    stage.tries("to have an answer of the clock's change a packet that is being sent to the console");
    const isCalling = Promise.withResolvers<void>();
    const { exit } = await stage.runGuest({
      guest: 'e14-memory-that-changes',
      beforeStart: async (partition) => {
        partition.onAudit(({ event }) => event === 'code-refused' && isCalling.resolve());
        process.kill(stage.hypervisor.rootPid, 'SIGSTOP');
      },
      whileRunning: (partition) => holdTheCall(stage, partition, isCalling.promise),
    });
    if (exit.kind !== 'power-off' && exit.kind !== 'trapped') {
      throw new Error(`the packet was not changed in time: ${exit.message}`);
    }
    const hasSucceeded = exit.kind === 'trapped';
    const evidence = hasSucceeded
      ? `the hypervisor's own code failed: ${exit.message}`
      : `the packet was sent as it was when it was checked: ${exit.message}`;
    stage.sees(evidence);
    return { hasSucceeded, evidence: [evidence] };
  },
};
