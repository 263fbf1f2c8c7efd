import { guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import type { Attempt } from '../attempt.ts';

/** Eight memories beside env.memory, of one page each to begin with. */
const memories = [8, ...Array.from({ length: 8 }, () => [0, 1]).flat()];
/** Grows the last of them by 30 pages; unreachable when that gives -1; halts otherwise. */
const body = [0x41, 30, 0x40, 8, 0x41, 0x7f, 0x46, 0x04, 0x40, 0x00, 0x0b, 0x41, 1];

export const memoryOfItsOwn: Attempt = {
  id: 'E03',
  name: 'bring memories of its own',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor: 'WebAssembly multi-memory; memories that resource limits of workers do not count',
  statement:
    "A module defines eight memories beside the one that it is given, each as large as its quota: no limit on the given one bounds them. Admission reads the module's sections before the engine does and refuses every memory of its own.",
  heldBy: [['one-memory']],
  async run(stage) {
    stage.tries('to define eight memories and to grow the last of them');
    const { exit } = await stage.runGuest({ guest: guestModule({ memories, body }) });
    const hasSucceeded = exit.kind === 'power-off';
    const evidence = hasSucceeded ? 'it has eight memories more' : exit.message;
    stage.sees(evidence);
    return { hasSucceeded, evidence: [evidence] };
  },
};
