import type { Attempt } from '../attempt.ts';
import { withListeningPort } from '../stage/listening-port.ts';
import { runPlanted } from '../stage/run-planted.ts';

export const connectOut: Attempt = {
  id: 'E35c',
  name: 'connect to a service of the host from the root partition',
  boundary: 'root partition and host',
  wants: 'confidentiality',
  ancestor:
    'request forgery from infrastructure: metadata services reached through a device emulator or an agent',
  statement:
    "The root partition has fallen and connects to a port of the host's loopback, where services listen that trust whoever reaches them. Its system-call list knows no way to make a socket, and Landlock refuses every connection: either is enough.",
  fallen: ['root-partition'],
  heldBy: [['root-landlock', 'root-system-call-list']],
  run: (stage) =>
    withListeningPort((port) =>
      runPlanted(stage, 'E35c', `to connect to port ${port} of this machine from the root partition`, {
        port,
      }),
    ),
};
