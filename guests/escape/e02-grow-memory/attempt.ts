import { guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import type { Attempt } from '../attempt.ts';

/** memory.grow by one page; unreachable when it gives -1; halts otherwise. */
const body = [0x41, 1, 0x40, 0, 0x41, 0x7f, 0x46, 0x04, 0x40, 0x00, 0x0b, 0x41, 1];

export const growMemory: Attempt = {
  id: 'E02',
  name: 'grow its memory past its quota',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor: "memory.grow in hosts that trust the module's own maximum",
  statement:
    'A module declares a maximum of 4 GiB and grows its memory. The hypervisor makes the memory itself, with the quota as its maximum, and starts the engine with the quota as the most that any memory may have: either is enough.',
  heldBy: [['memory-maximum', 'engine-memory-limit']],
  async run(stage) {
    stage.tries('memory.grow by one page, with all of its quota in use');
    const { exit } = await stage.runGuest({ guest: guestModule({ body }) });
    if (exit.kind !== 'power-off' && exit.kind !== 'trapped') throw new Error(exit.message);
    const hasSucceeded = exit.kind === 'power-off';
    const evidence = hasSucceeded ? 'memory grew' : 'memory.grow gave -1';
    stage.sees(evidence);
    return { hasSucceeded, evidence: [evidence] };
  },
};
