import { engineEscape } from '../engine-escape.ts';

export const traceANeighbour = engineEscape({
  id: 'E05h',
  name: "trace a neighbour's process",
  wants: 'integrity',
  ancestor: 'ptrace between sibling processes of one user',
  statement:
    "JavaScript in the partition process becomes the tracer of a neighbour's process, from where it could stop it and write its memory and registers. Both filters refuse ptrace; Landlock forbids tracing anything outside; processes have users of their own where the hypervisor is root and are not dumpable.",
  heldBy: [['jail', 'undumpable']],
  what: ({ neighbour }) => `to trace process ${neighbour.partition.pid}`,
  targets: ({ neighbour }) => ({ pid: neighbour.partition.pid }),
});
