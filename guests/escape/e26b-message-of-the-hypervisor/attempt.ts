import { firstConnectionId } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';

const PEER_SINT = 3;

export const messageOfTheHypervisor: Attempt = {
  id: 'E26b',
  name: "forge a message of the hypervisor's",
  boundary: 'guest and guest',
  wants: 'integrity',
  ancestor: 'spoofed notifications between guests: Xen event channels and grant copies (XSA class)',
  statement:
    "Messages whose type has its highest bit set are the hypervisor's: timers, intercepts. The guest has broken out of WebAssembly, is connected to a neighbour, and writes the frame of such a message to the root partition itself, past the hypercall's check. The broker checks the type again, where the sender has no say.",
  fallen: ['engine'],
  heldBy: [['brokered-frame-check']],
  async run(stage) {
    const { hypervisor, neighbour } = stage;
    stage.tries('to write a message of type 0x80000001 to the root partition, for the neighbour');
    const { text } = await stage.runGuest({
      guest: 'escaped',
      arguments: { planted: 'E26b', connection: String(firstConnectionId) },
      beforeStart: (partition) =>
        hypervisor.connectPorts(partition, neighbour.partition, PEER_SINT, firstConnectionId),
    });
    stage.sees(text.trim());
    await neighbour.check();
    const got = neighbour.console.text.match(/message of type .*/)?.[0];
    const told = got === undefined ? 'the neighbour got no message' : `the neighbour got a ${got}`;
    stage.sees(told);
    return { hasSucceeded: got !== undefined, evidence: [text.trim(), told] };
  },
};
