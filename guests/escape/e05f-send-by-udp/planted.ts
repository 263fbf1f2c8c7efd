// Sends a datagram to a port on the loopback.
import { createSocket } from 'node:dgram';
import type { PlantedAttack } from '../planted.ts';

export const sendByUdp: PlantedAttack = ({ port }) =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('error', reject);
    socket.send('loot', Number(port), '127.0.0.1', (error) => {
      socket.close();
      if (error) reject(error);
      else resolve('a datagram was sent');
    });
  });
