import { engineEscape } from '../engine-escape.ts';

export const killANeighbour = engineEscape({
  id: 'E05i',
  name: "end a neighbour's process",
  wants: 'availability',
  ancestor: 'signals between sibling processes of one user',
  statement:
    "JavaScript in the partition process sends SIGKILL to a neighbour's process. Both filters refuse signals, Landlock keeps them within the sender's own domain, and processes have users of their own where the hypervisor is root.",
  heldBy: [['jail']],
  what: ({ neighbour }) => `to kill process ${neighbour.partition.pid}`,
  targets: ({ neighbour }) => ({ pid: neighbour.partition.pid }),
});
