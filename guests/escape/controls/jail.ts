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
    id: 'process-per-partition',
    holds: 'gives each partition a process of its own, which holds nothing of another',
    boundary: 'guest and guest',
    removal: [
      {
        file: 'hypervisor/hypervisor.ts',
        from: "    if (level === 'thread') {\n      // Only here",
        to: '    if (level !== undefined) {\n      // Only here',
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
    id: 'launching-filter',
    holds: 'refuses sockets, tracing, signals and namespaces to whatever the launcher starts',
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/launcher-thread.ts',
        from: "  installFilter(launchingRules, 'allow', 'thread');\n",
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
  {
    id: 'own-user',
    holds:
      'gives each partition process a user of its own, without capabilities, where the hypervisor is root',
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/tighten.ts',
        from: '    walls.push(...tryDropUser(options.uid));\n',
        to: '',
      },
    ],
  },
  {
    id: 'undumpable',
    holds: 'makes each process one that nobody of the same user may trace or read, and that leaves no core',
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/private-memory.ts',
        from: "systemCall('prctl', PR_SET_DUMPABLE, 0, 0, 0, 0) === 0",
        to: 'false',
      },
    ],
  },
  {
    id: 'installation-check',
    holds: 'starts nothing from files that are not those that were built',
    boundary,
    removal: [
      { file: 'hypervisor/hypervisor.ts', from: '    checkInstallation(installationTop);\n', to: '' },
    ],
  },
  {
    id: 'no-core',
    holds: 'sets the limit of each process for the size of a core to nothing',
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/private-memory.ts',
        from: 'setLimit(RLIMIT_CORE, 0)',
        to: 'false',
      },
    ],
  },
  {
    id: 'working-folder',
    holds: 'starts processes in a folder where nobody but root could leave a file',
    boundary,
    removal: [{ file: 'hypervisor/isolation/spawn-engine.ts', from: "    cwd: '/',\n", to: '' }],
  },
  {
    id: 'descriptor-limit',
    holds: 'lets a partition process have 64 descriptors',
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/tighten.ts',
        from: '  setLimit(RLIMIT_NOFILE, MAX_DESCRIPTORS);\n',
        to: '',
      },
    ],
  },
];
