import { firstConnectionId } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';
import { postMessages } from '../stage/post-messages.ts';

const FRIENDLY = 100;
const FLOOD = 40;

export const floodAPort: Attempt = {
  id: 'E17',
  name: "flood a neighbour's port",
  boundary: 'guest and guest',
  wants: 'integrity',
  ancestor: 'message queues that a flood overwrites; TLFS gives each port 16 buffers of its own',
  statement:
    'The neighbour is busy. A friend has posted two messages to its port; the attacker posts 40 more, to push what waits there out. A port holds 16 waiting messages: what comes on top is dropped, and what waits stays.',
  heldBy: [['message-queue-bound']],
  async run(stage) {
    const { neighbour } = stage;
    await neighbour.partition.pause();
    const messages = { to: neighbour, connectionId: firstConnectionId };
    await postMessages(stage, { ...messages, count: 2, first: FRIENDLY });
    stage.tries(`to push the friend's message out with ${FLOOD} of its own`);
    await postMessages(stage, { ...messages, count: FLOOD, first: 1000 });
    neighbour.partition.resume();
    const { received } = await postMessages(stage, { ...messages, count: 1, first: 2000 });
    stage.sees(`the neighbour got: ${received}`);
    const isKept = [FRIENDLY, FRIENDLY + 1].every((word) => received.includes(`first word ${word};`));
    const evidence = isKept ? "the friend's messages arrived" : "a friend's message was pushed out";
    stage.sees(evidence);
    return { hasSucceeded: !isKept, evidence: [evidence, received] };
  },
};
