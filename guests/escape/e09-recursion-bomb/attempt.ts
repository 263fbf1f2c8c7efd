import { endlessRecursion, guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import type { Attempt } from '../attempt.ts';

export const recursionBomb: Attempt = {
  id: 'E09',
  name: 'recurse without end',
  boundary: 'guest and its own sandbox',
  wants: 'integrity',
  ancestor: 'stack exhaustion; stack clashes, where the stack runs into other memory (CVE-2017-1000364)',
  statement:
    "A guest calls itself for ever, to run its thread's stack into what lies below it. The engine compares the stack pointer with a limit at each call and traps. The test build tells it not to: the stack then runs over its end, and the kernel ends the process.",
  heldBy: [['stack-checks']],
  levels: ['process', 'jail'],
  async run(stage) {
    stage.tries('to call itself without end');
    const { exit } = await stage.runGuest({ guest: guestModule({ body: endlessRecursion }) });
    if (exit.kind !== 'trapped' && exit.kind !== 'killed') throw new Error(exit.message);
    stage.sees(exit.message);
    return { hasSucceeded: exit.message.includes('SIGSEGV'), evidence: [exit.message] };
  },
};
