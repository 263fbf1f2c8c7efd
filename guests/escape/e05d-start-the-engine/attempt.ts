import { engineEscape } from '../engine-escape.ts';

export const startTheEngine = engineEscape({
  id: 'E05d',
  name: 'start the engine again, with flags of its own',
  wants: 'integrity',
  statement:
    'The engine must stay executable while the launcher starts partition processes, so Landlock cannot close it. JavaScript in the partition process starts it once more, with flags of its own, for a process that the hypervisor knows nothing of. What closes this door is the system-call list that the partition process puts on behind itself.',
  heldBy: [['system-call-list']],
  what: () => 'to start the engine as a process of its own',
});
