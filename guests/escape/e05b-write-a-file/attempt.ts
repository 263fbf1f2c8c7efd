import { engineEscape } from '../engine-escape.ts';

export const writeAFile = engineEscape({
  id: 'E05b',
  name: 'leave a file on the host',
  wants: 'integrity',
  statement:
    'JavaScript in the partition process writes into a folder that everybody may write to, as a first step to persistence: a job for cron, a library to preload. No path is left to it, and no system call that opens one.',
  heldBy: [['jail'], ['landlock', 'system-call-list']],
  what: ({ folder }) => `to write a file in ${folder}`,
  targets: ({ folder }) => ({ folder }),
});
