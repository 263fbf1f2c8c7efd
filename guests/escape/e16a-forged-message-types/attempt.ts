import { HV_MESSAGE_TYPE_HYPERVISOR_MASK } from '../../../hypervisor/abi/synic.ts';
import type { Attempt } from '../attempt.ts';
import { postMessages } from '../stage/post-messages.ts';

const FORGED = HV_MESSAGE_TYPE_HYPERVISOR_MASK + 16;

export const forgedMessageTypes: Attempt = {
  id: 'E16a',
  name: "forge the hypervisor's messages",
  boundary: 'guest and guest',
  wants: 'integrity',
  ancestor:
    'forged interrupts and synthetic messages; TLFS keeps types with the highest bit to the hypervisor',
  statement:
    "A guest with a connection to its neighbour's port posts a message whose type only the hypervisor may use, so that the neighbour takes it for one of the hypervisor's. The hypercall refuses the type; the root partition, which carries messages between partitions, checks it again, since a partition process is not believed.",
  heldBy: [['message-type-check', 'brokered-frame-check']],
  async run(stage) {
    stage.tries(`to post a message of type 0x${FORGED.toString(16)} to the neighbour`);
    const { text, received } = await postMessages(stage, { type: FORGED, to: stage.neighbour });
    const evidence = [text, `the neighbour got: ${received || 'nothing'}`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: received.includes(`message of type ${FORGED}`), evidence };
  },
};
