// Messages to the neighbour's port, by the guest of e16a-forged-message-types.
import { firstConnectionId, type Partition } from '../../../hypervisor/index.ts';
import type { Neighbour } from './neighbour.ts';
import type { Stage } from './stage.ts';

const PEER_SINT = 3;

export interface Messages {
  type?: number;
  count?: number;
  /** What the first one's first word is; each further one's is higher by one. */
  first?: number;
  connectionId?: number;
  /** Whom the attacker is connected to before it starts; nobody by default. */
  to?: Neighbour;
}

/** @returns what the sender said, and what the neighbour has told of messages since */
export async function postMessages(
  stage: Stage,
  messages: Messages,
): Promise<{ text: string; received: string }> {
  const { type = 2, count = 1, first = 0, connectionId = firstConnectionId, to } = messages;
  const { text, exit } = await stage.runGuest({
    guest: 'e16a-forged-message-types',
    arguments: {
      connection: String(connectionId),
      type: String(type),
      count: String(count),
      first: String(first),
    },
    beforeStart: async (partition) => {
      if (to !== undefined) await connect(stage, partition, connectionId);
    },
  });
  if (!text.includes('accepted')) throw new Error(`the guest did not post its messages: ${exit.message}`);
  return { text: text.trim(), received: await receivedBy(stage.neighbour) };
}

/** Lets `from` post to the neighbour's port. */
export const connect = (stage: Stage, from: Partition, connectionId: number): Promise<void> =>
  stage.hypervisor.connectPorts(from, stage.neighbour.partition, PEER_SINT, connectionId);

async function receivedBy(neighbour: Neighbour): Promise<string> {
  if (neighbour.partition.state !== 'paused') await neighbour.check();
  const lines = neighbour.console.text.split('\n').filter((line) => line.startsWith('message'));
  return lines.join('; ');
}
