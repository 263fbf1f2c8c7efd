// Makes pipes and keeps them.
import { systemCall } from '../../../hypervisor/isolation/foreign-functions.ts';
import type { PlantedAttack } from '../planted.ts';

const PIPES = 200;

export const hoardDescriptors: PlantedAttack = () => {
  const ends = new Uint8Array(8);
  for (let made = 0; made < PIPES; made++) {
    if (systemCall('pipe2', ends, 0) !== 0) throw new Error(`no more descriptors after ${made} pipes`);
  }
  return `${2 * PIPES} descriptors`;
};
