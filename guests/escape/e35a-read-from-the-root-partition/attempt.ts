import type { Attempt } from '../attempt.ts';
import { runPlanted } from '../stage/run-planted.ts';

export const readFromTheRootPartition: Attempt = {
  id: 'E35a',
  name: 'have the root partition open a file by its name',
  boundary: 'root partition and host',
  wants: 'confidentiality',
  ancestor:
    'backing files that name /etc/shadow: qcow2 (CVE-2008-2004), cloud-hypervisor GHSA-jmr4-g2hv-mjj6',
  statement:
    'An image parser that follows a name in a header opens what a tenant names. Overlays here hold no names; suppose that the root partition has fallen all the same, through some other flaw, and runs what a guest wants. It opens a file of the host by its path. It owns every device and opens none of them: descriptors are handed to it. Landlock leaves it no path, and the system-call list no way to open one: either is enough.',
  fallen: ['root-partition'],
  heldBy: [['root-landlock', 'root-system-call-list']],
  run: (stage) => {
    const file = stage.neighbour.diskFile;
    return runPlanted(stage, 'E35a', `to open ${file} in the root partition process`, { file });
  },
};
