// The attacks planted in the root partition, by the ids of their attempts.
import { readInRoot } from './e35a-read-from-the-root-partition/planted.ts';
import { startInRoot } from './e35b-start-a-program/planted.ts';
import { connectInRoot } from './e35c-connect-out/planted.ts';
import { makeCodeInRoot } from './e35d-make-code/planted.ts';
import { killInRoot } from './e35e-kill-a-neighbour/planted.ts';
import type { RootAttack } from './planted-in-root.ts';

export const rootAttacks: Readonly<Record<string, RootAttack>> = {
  E35a: readInRoot,
  E35b: startInRoot,
  E35c: connectInRoot,
  E35d: makeCodeInRoot,
  E35e: killInRoot,
};
