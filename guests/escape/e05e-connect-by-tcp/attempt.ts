import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Attempt } from '../attempt.ts';
import { engineEscape } from '../engine-escape.ts';
import { runPlanted } from '../stage/run-planted.ts';

const attempt = engineEscape({
  id: 'E05e',
  name: 'open a TCP connection',
  wants: 'confidentiality',
  statement:
    'JavaScript in the partition process connects to a service on the host, to take data out or to reach what trusts the loopback. The launching filter and the system-call list both refuse sockets, and Landlock refuses to connect them: three walls, of which any is enough.',
  heldBy: [['jail'], ['landlock', 'launching-filter', 'system-call-list']],
  what: () => 'to connect to 127.0.0.1',
});

export const connectByTcp: Attempt = {
  ...attempt,
  async run(stage) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('the service on the loopback greets you');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      return await runPlanted(stage, attempt.id, `to connect to port ${port} on the loopback`, { port });
    } finally {
      server.close();
    }
  },
};
