// Controls of the shares that partitions have of the processors.
import type { Control } from '../control.ts';

export const schedulerControls: readonly Control[] = [
  {
    id: 'whole-process-billed',
    holds: 'bills a partition for what all threads of its process have used, as the kernel measured it',
    boundary: 'guest and guest',
    removal: [
      {
        // What the busiest thread had run when it was last looked for.
        file: 'hypervisor/isolation/processor-time.ts',
        from: '    return { usedMs, waitedMs: this.#waitedMs };',
        to: '    return { usedMs: Math.max(0, ...this.#ranMs.values()), waitedMs: this.#waitedMs };',
      },
    ],
  },
  {
    id: 'placement',
    holds: 'keeps a partition to the processors that it was given, and others off them',
    boundary: 'guest and guest',
    removal: [
      {
        file: 'hypervisor/isolation/processors.ts',
        from: '  if (processors === undefined) return start();',
        to: '  if (processors !== null) return start();',
      },
    ],
  },
];
