// Writes a file where every user may, and reads it again.
import { readFileSync, writeFileSync } from 'node:fs';
import type { PlantedAttack } from '../planted.ts';

export const writeFile: PlantedAttack = ({ folder = '' }) => {
  const file = `${folder}/left-behind`;
  writeFileSync(file, 'I was here');
  return `${file} says ${readFileSync(file, 'utf8')}`;
};
