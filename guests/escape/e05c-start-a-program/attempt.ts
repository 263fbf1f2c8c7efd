import { engineEscape } from '../engine-escape.ts';

export const startAProgram = engineEscape({
  id: 'E05c',
  name: "start one of the host's programs",
  wants: 'integrity',
  statement:
    'JavaScript in the partition process starts a shell. Landlock lets nothing be executed but the engine and libraries, and the system-call list knows neither fork nor exec.',
  heldBy: [['jail'], ['landlock', 'system-call-list']],
  what: () => 'to run /bin/sh',
});
