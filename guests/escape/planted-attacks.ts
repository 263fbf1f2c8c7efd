// The planted attacks by the ids of their attempts.
import { readDisk } from './e05a-read-a-disk/planted.ts';
import type { PlantedAttack } from './planted.ts';

export const plantedAttacks: Readonly<Record<string, PlantedAttack>> = {
  E05a: readDisk,
};
