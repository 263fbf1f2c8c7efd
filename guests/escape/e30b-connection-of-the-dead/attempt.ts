import { firstConnectionId, type Hypervisor, type Partition } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';
import { guestFile } from '../stage/guest-file.ts';

const PEER_SINT = 3;
const MESSAGE = /message of type 77.*/;

const make = (hypervisor: Hypervisor, name: string): Promise<Partition> =>
  hypervisor.createPartition({
    name,
    guest: { kind: 'unikernel', module: guestFile('neighbour') },
    memoryMib: 2,
    arguments: { canary: 'none' },
  });

export const connectionOfTheDead: Attempt = {
  id: 'E30b',
  name: 'keep a connection to a partition that is gone',
  boundary: 'guest and guest',
  wants: 'integrity',
  ancestor: 'use after free of identities: reused process ids, handles and container names',
  statement:
    "The guest was connected to a friend's partition, which has been deleted. Another tenant's is created. If it got the friend's number, and the connection were still there, the guest would speak to a stranger who never agreed to hear it. Numbers of partitions are never used again, and the broker forgets whoever is deleted: either is enough.",
  heldBy: [['partition-numbers', 'broker-forgets']],
  async run(stage) {
    const { hypervisor } = stage;
    const friend = await make(hypervisor, 'friend');
    const tenants: Partition[] = [];
    stage.tries("to post to a friend's partition that was deleted, after another tenant's was made");
    await stage.runGuest({
      guest: 'e33-message-flood',
      arguments: { count: '1' },
      beforeStart: async (partition) => {
        await hypervisor.connectPorts(partition, friend, PEER_SINT, firstConnectionId);
        await friend.dispose();
        const tenant = await make(hypervisor, 'tenant');
        await using console = await tenant.attachConsole();
        tenant.start();
        await console.waitFor('the neighbour is up');
        tenants.push(tenant);
      },
    });
    const [tenant] = tenants as [Partition];
    await using console = await tenant.attachConsole();
    console.write('beat\n');
    await console.waitFor(/beat \d+/);
    const got = MESSAGE.exec(console.text)?.[0];
    const evidence = [got === undefined ? 'the tenant got no message' : `the tenant got a ${got}`];
    stage.sees(evidence.join());
    return { hasSucceeded: got !== undefined, evidence };
  },
};
