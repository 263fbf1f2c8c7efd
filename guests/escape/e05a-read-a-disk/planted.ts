// Reads another tenant's disk from the host's file system.
import { readFileSync } from 'node:fs';
import type { PlantedAttack } from '../planted.ts';

export const readDisk: PlantedAttack = ({ file = '' }) =>
  `${file} begins with ${readFileSync(file, 'latin1').slice(0, 64)}`;
