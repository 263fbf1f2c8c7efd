import { engineEscape } from '../engine-escape.ts';

export const readADisk = engineEscape({
  id: 'E05a',
  name: "read another tenant's disk",
  wants: 'confidentiality',
  statement:
    "The guest has broken out of WebAssembly and runs JavaScript of its own in its partition process. It opens a neighbour's disk, a file that every user of the host may read. Landlock leaves the process no such path, and the system-call list leaves it no way to open anything at all: either of them is enough.",
  heldBy: [['jail'], ['landlock', 'system-call-list']],
  what: ({ neighbour }) => `to open ${neighbour.diskFile}`,
  targets: ({ neighbour }) => ({ file: neighbour.diskFile }),
});
