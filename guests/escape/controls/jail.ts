// Controls around the partition process: the jail, as a whole and wall by wall.
import type { Control } from '../control.ts';

const boundary = 'partition process and host';

export const jailControls: readonly Control[] = [
  {
    id: 'jail',
    holds:
      'starts partition processes from a confined thread and has them give up the rest behind themselves',
    boundary,
    removal: [
      {
        file: 'hypervisor/hypervisor.ts',
        from: "const isJailed = level === 'jail' && this.#confined !== undefined;",
        to: 'const isJailed = false;',
      },
    ],
  },
  {
    id: 'landlock',
    holds: "leaves a partition process no path but the engine's, TCP neither, and signals to itself only",
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/launcher-thread.ts',
        from: '    restrictSelf(data.grants);\n',
        to: '',
      },
    ],
  },
  {
    id: 'system-call-list',
    holds: 'refuses a partition process every system call but those that act on what it already has',
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/tighten.ts',
        from: "  installFilter(partitionRules, 'refuse', 'process');\n",
        to: '',
      },
    ],
  },
];
