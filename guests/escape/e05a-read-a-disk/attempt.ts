import type { Attempt } from '../attempt.ts';
import { runPlanted } from '../stage/run-planted.ts';

export const readADisk: Attempt = {
  id: 'E05a',
  name: "read another tenant's disk",
  boundary: 'partition process and host',
  wants: 'confidentiality',
  ancestor: 'V8 type confusions such as CVE-2024-2887, then a read of the host (QEMU, CVE-2020-35517)',
  statement:
    "The guest has broken out of WebAssembly and runs JavaScript of its own in its partition process. It opens a neighbour's disk, a file that every user of the host may read. Landlock leaves the process no such path, and the system-call list leaves it no way to open anything at all: either of them is enough.",
  fallen: ['engine'],
  heldBy: [['jail'], ['landlock', 'system-call-list']],
  levels: ['jail'],
  run: (stage) =>
    runPlanted(stage, 'E05a', `to open ${stage.neighbour.diskFile}`, { file: stage.neighbour.diskFile }),
};
