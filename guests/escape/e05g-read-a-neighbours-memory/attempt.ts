import { engineEscape } from '../engine-escape.ts';

export const readANeighboursMemory = engineEscape({
  id: 'E05g',
  name: "read a neighbour's memory",
  wants: 'confidentiality',
  ancestor: 'sibling processes of one user reading each other through /proc/PID/mem',
  statement:
    "JavaScript in the partition process opens the memory of a neighbour's process and looks for secrets in it. Landlock leaves it no /proc, the system-call list no way to open a file; processes have users of their own where the hypervisor is root, and let nobody trace them.",
  heldBy: [
    ['jail', 'undumpable'],
    ['landlock', 'own-user', 'system-call-list', 'undumpable'],
  ],
  what: ({ neighbour }) => `to read the memory of process ${neighbour.partition.pid}`,
  targets: ({ neighbour }) => ({ pid: neighbour.partition.pid }),
});
