import type { Attempt } from '../attempt.ts';
import { runPlanted } from '../stage/run-planted.ts';

export const startAProgramInRoot: Attempt = {
  id: 'E35b',
  name: 'start a program from the root partition',
  boundary: 'root partition and host',
  wants: 'integrity',
  ancestor:
    'device emulators that run with the rights of their host: VENOM CVE-2015-3456, and what sVirt is for',
  statement:
    'The root partition has fallen and starts a shell, with which an attacker stays after every guest is gone. Its system-call list knows neither a way to make a process nor to become another program, and Landlock grants it no file to execute: either is enough.',
  fallen: ['root-partition'],
  heldBy: [['root-landlock', 'root-system-call-list']],
  run: (stage) => runPlanted(stage, 'E35b', 'to start a shell from the root partition process'),
};
