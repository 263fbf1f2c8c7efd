import { readdirSync } from 'node:fs';
import type { Attempt } from '../attempt.ts';

const RESETS = 5;
const descriptors = (): number => readdirSync('/proc/self/fd').length;

export const descriptorsOfResets: Attempt = {
  id: 'E58',
  name: 'reset over and over until something runs out',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor: 'leaks on rarely taken paths: create and delete churn, reboot loops (XSA-class resource leaks)',
  statement:
    'A guest that resets is started again: a new process, new sockets, each of which the hypervisor hands on and must close at its own end. A guest that resets as soon as it runs does that a few times a second. One descriptor left behind at each reset, and the hypervisor of all tenants is at its limit within the hour.',
  heldBy: [['handed-on-descriptors-are-closed']],
  levels: ['process', 'jail'],
  async run(stage) {
    stage.tries(`to reset ${RESETS} times`);
    const counts: number[] = [];
    await stage.runGuest({
      guest: 'e58-descriptors-of-resets',
      whileRunning: async (partition) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        partition.onReset(() => {
          counts.push(descriptors());
          if (counts.length > RESETS) resolve();
        });
        const early = partition.exited.then(({ message }) => Promise.reject(new Error(message)));
        await Promise.race([promise, early]);
        await partition.kill();
      },
    });
    const grown = (counts.at(-1) ?? 0) - (counts[0] ?? 0);
    const evidence = [`descriptors of the hypervisor after each reset: ${counts.join(', ')}`];
    stage.sees(evidence.join());
    return { hasSucceeded: grown >= RESETS, evidence };
  },
};
