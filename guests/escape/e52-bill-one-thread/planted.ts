// Keeps its own thread busy, and those that the engine starts for slow functions.
import { pbkdf2 } from 'node:crypto';
import type { PlantedAttack } from '../planted.ts';

/** For hours. */
const ITERATIONS = 2 ** 31 - 1;

export const spinOnThreads: PlantedAttack = ({ threads = '1' }) => {
  for (let started = 1; started < Number(threads); started++) {
    pbkdf2('password', 'salt', ITERATIONS, 64, 'sha512', () => {});
  }
  for (;;);
};
