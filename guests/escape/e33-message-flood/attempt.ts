import { firstConnectionId } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';

const PEER_SINT = 3;
const MESSAGES = 40_000;

export const messageFlood: Attempt = {
  id: 'E33',
  name: 'fill the root partition with messages for a partition that hangs',
  boundary: 'guest and root partition',
  wants: 'availability',
  ancestor: 'interrupt and event storms; queues that grow for a receiver that does not read: CVE-2020-27174',
  statement:
    "A neighbour's process hangs, and takes nothing from its socket. The guest sends it 40,000 messages. A broker that kept what the receiver does not take would keep ten megabytes a second, of the memory in which every tenant's devices live. It keeps a quarter of a megabyte; what comes after is dropped and counted, and the sender is not told.",
  heldBy: [['broker-backlog']],
  // At level `thread` there is no neighbour's process that could hang by itself.
  levels: ['process', 'jail'],
  async run(stage) {
    const { hypervisor, neighbour, isolation } = stage;
    const { pid } = neighbour.partition;
    if (isolation === 'thread') {
      return { hasSucceeded: true, evidence: ["what hangs the neighbour's process hangs the hypervisor"] };
    }
    stage.tries(`to send ${MESSAGES} messages of 240 bytes to a partition whose process is stopped`);
    process.kill(pid, 'SIGSTOP');
    try {
      const { statistics } = await stage.runGuest({
        guest: 'e33-message-flood',
        arguments: { count: String(MESSAGES) },
        beforeStart: (partition) =>
          hypervisor.connectPorts(partition, neighbour.partition, PEER_SINT, firstConnectionId),
      });
      const { 'broker.forwarded': kept = 0, 'broker.dropped': dropped = 0 } = statistics.root;
      const evidence = [`${kept} messages kept for the neighbour, ${dropped} dropped`];
      stage.sees(evidence.join());
      return { hasSucceeded: kept === MESSAGES && dropped === 0, evidence };
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  },
};
