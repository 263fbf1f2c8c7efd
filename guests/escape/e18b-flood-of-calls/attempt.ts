import type { Partition } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';

const CALLS = 10_000_000;
const PER_SECOND = 10_000;

/** Waits until the guest has ended, or has been made to wait. */
async function untilHeld(partition: Partition): Promise<void> {
  let hasEnded = false;
  void partition.exited.then(() => {
    hasEnded = true;
  });
  while (!hasEnded && (await partition.statistics()).counters.throttledMs === 0);
}

export const floodOfCalls: Attempt = {
  id: 'E18b',
  name: 'flood the hypervisor with hypercalls',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor:
    'floods of calls and exits that cost the host more than the guest; rate limiters as in Firecracker',
  statement:
    'A guest that may make 10,000 hypercalls a second makes ten million that do nothing, as fast as it can. Each costs its own VP little, and the processor that its neighbours share all the same. Its bucket holds a second of what it may; when that is gone the VP waits, inside of the call, and the hypervisor counts for how long. The neighbour answers meanwhile.',
  heldBy: [['hypercall-bucket']],
  async run(stage) {
    stage.tries(`to make ${CALLS} hypercalls, where ${PER_SECOND} a second are its own`);
    let isNeighbourUp = false;
    const { exit, statistics } = await stage.runGuest({
      guest: 'e18b-flood-of-calls',
      limits: { hypercalls: PER_SECOND },
      arguments: { count: String(CALLS) },
      whileRunning: async (partition) => {
        await untilHeld(partition);
        isNeighbourUp = (await stage.neighbour.check()).beats;
        await partition.kill();
      },
    });
    const { hypercalls, throttledMs } = statistics.counters;
    const isThrough = exit.kind === 'power-off';
    const made = isThrough ? `it made all its calls: ${exit.message}` : `it made ${hypercalls} calls`;
    const waited = throttledMs === 0 ? 'never had to wait' : 'then had to wait';
    const evidence = `${made}; it ${waited}, and the neighbour ${isNeighbourUp ? 'answers' : 'is silent'}`;
    stage.sees(evidence);
    return { hasSucceeded: isThrough || !isNeighbourUp, evidence: [evidence] };
  },
};
