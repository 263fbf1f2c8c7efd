import { engineEscape } from '../engine-escape.ts';

export const hoardDescriptors = engineEscape({
  id: 'E05j',
  name: 'hoard descriptors',
  wants: 'availability',
  ancestor: "exhaustion of the host's file table by one process (CVE-2020-10717, virtiofsd)",
  statement:
    'JavaScript in the partition process makes pipes for as long as it can: they need no path, so neither Landlock nor the system-call list stands against it. What does is the limit that the process has set on itself before it looked at the guest, which it cannot raise again.',
  heldBy: [['descriptor-limit']],
  what: () => 'to make 200 pipes',
});
