import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Attempt } from '../attempt.ts';
import { engineEscape } from '../engine-escape.ts';
import { runPlanted } from '../stage/run-planted.ts';

const attempt = engineEscape({
  id: 'E05f',
  name: 'send a datagram',
  wants: 'confidentiality',
  statement:
    'Landlock knows TCP but not UDP, and a DNS query is all that an attacker needs to take a key out. JavaScript in the partition process sends a datagram. Both filters refuse the socket.',
  heldBy: [['jail'], ['launching-filter', 'system-call-list']],
  what: () => 'to send a datagram',
});

export const sendByUdp: Attempt = {
  ...attempt,
  async run(stage) {
    const receiver = createSocket('udp4');
    let received = 0;
    receiver.on('message', () => received++);
    receiver.bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    try {
      const { port } = receiver.address();
      const what = `to send a datagram to port ${port} on the loopback`;
      const outcome = await runPlanted(stage, attempt.id, what, { port });
      const arrived = `${received} datagrams arrived`;
      stage.sees(arrived);
      return { hasSucceeded: received > 0, evidence: [...outcome.evidence, arrived] };
    } finally {
      receiver.close();
    }
  },
};
