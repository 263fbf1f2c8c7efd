import type { Attempt } from '../attempt.ts';
import { runPlanted } from '../stage/run-planted.ts';

export const makeCode: Attempt = {
  id: 'E35d',
  name: 'make machine code in the root partition',
  boundary: 'root partition and host',
  wants: 'integrity',
  ancestor:
    'exploits that write their second stage into executable memory, against which W^X and ACG were made',
  statement:
    'The root partition has fallen and makes memory executable that it can write, for the second stage of an exploit. Its engine compiles nothing and has no such memory; its system-call list grants no executable mapping, ever.',
  fallen: ['root-partition'],
  heldBy: [['root-system-call-list']],
  run: (stage) =>
    runPlanted(stage, 'E35d', 'to make a page of the root partition process writable and executable'),
};
