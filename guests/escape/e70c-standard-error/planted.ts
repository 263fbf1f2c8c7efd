// Writes 8 MiB to standard error, which the hypervisor reads for the sake of crash messages, and ends the process.
import { writeSync } from 'node:fs';
import { systemCall } from '../../../hypervisor/isolation/foreign-functions.ts';
import type { PlantedAttack } from '../planted.ts';

const PIECES = 128;

export const floodStandardError: PlantedAttack = () => {
  const piece = Buffer.alloc(65_536, 0x65);
  for (let written = 0; written < PIECES; ) {
    try {
      written += writeSync(2, piece) / piece.length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
  systemCall('exit_group', 3);
  return 'still there';
};
