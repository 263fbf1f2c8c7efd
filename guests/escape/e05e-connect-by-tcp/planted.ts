// Connects to a port on the loopback and waits for what the service there says.
import { connect } from 'node:net';
import type { PlantedAttack } from '../planted.ts';

export const connectByTcp: PlantedAttack = async ({ port }) => {
  const socket = connect(Number(port), '127.0.0.1');
  let heard = '';
  for await (const piece of socket) heard += piece;
  return heard;
};
