import { setTimeout as delay } from 'node:timers/promises';
import { endlessLoop, guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import type { Attempt } from '../attempt.ts';

/** Five times what the hypervisor gives a guest before it uses force. */
const PATIENCE_MS = 5000;

export const refuseToStop: Attempt = {
  id: 'E18a',
  name: 'refuse to stop',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor: 'guests that spin with interrupts off to outlive their shutdown',
  statement:
    'A guest in an endless loop makes no hypercall, never idles and never comes back to its run loop, so that it sees no request to stop. The hypervisor waits a second and then ends it by force.',
  heldBy: [['forced-stop']],
  async run(stage) {
    stage.tries('to loop for ever while the hypervisor stops it');
    let isStopped = false;
    const { exit } = await stage.runGuest({
      guest: guestModule({ body: endlessLoop }),
      timeoutMs: 2 * PATIENCE_MS,
      whileRunning: async (partition) => {
        while ((await partition.statistics()).counters.runs === 0);
        const stopped = partition.stop().then(() => true);
        isStopped = await Promise.race([stopped, delay(PATIENCE_MS, false)]);
        if (!isStopped) await partition.kill();
      },
    });
    const evidence = isStopped
      ? `it was stopped: ${exit.message}`
      : `it still ran ${PATIENCE_MS / 1000} s later`;
    stage.sees(evidence);
    return { hasSucceeded: !isStopped, evidence: [evidence] };
  },
};
