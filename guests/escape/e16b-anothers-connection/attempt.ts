import { firstConnectionId } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';
import { guestFile } from '../stage/guest-file.ts';
import { connect, postMessages } from '../stage/post-messages.ts';

const CONNECTION = firstConnectionId + 77;

export const anothersConnection: Attempt = {
  id: 'E16b',
  name: "post through somebody else's connection",
  boundary: 'guest and guest',
  wants: 'integrity',
  ancestor: 'guessable handles: connection, port and grant numbers that are looked up globally',
  statement:
    "A third partition has a connection to the neighbour's port. The attacker, which has none, guesses its number and posts through it. Connection numbers mean something only together with the partition that they were made for.",
  heldBy: [['own-connections']],
  async run(stage) {
    await using friend = await stage.hypervisor.createPartition({
      name: 'friend',
      guest: { kind: 'unikernel', module: guestFile('escaped') },
      isolation: stage.isolation,
      memoryMib: 2,
    });
    await connect(stage, friend, CONNECTION);
    stage.tries(`to post a message through connection ${CONNECTION}, which is another partition's`);
    const { text, received } = await postMessages(stage, { connectionId: CONNECTION, first: 4711 });
    const evidence = [text, `the neighbour got: ${received || 'nothing'}`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: received.includes('first word 4711'), evidence };
  },
};
