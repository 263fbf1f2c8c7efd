// Opens a file by its path, as an image parser would that follows a backing file's name.
import { readFileSync } from 'node:fs';
import type { RootAttack } from '../planted-in-root.ts';

export const readInRoot: RootAttack = ({ file = '' }) =>
  `${file} begins with ${readFileSync(file, 'latin1').slice(0, 64)}`;
