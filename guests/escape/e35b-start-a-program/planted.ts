// Starts a shell.
import { spawnSync } from 'node:child_process';
import type { RootAttack } from '../planted-in-root.ts';

export const startInRoot: RootAttack = () => {
  const { error, stdout } = spawnSync('/bin/sh', ['-c', 'echo shell $((6*7))'], { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (!stdout.includes('shell 42')) throw new Error('the shell said nothing');
  return stdout.trim();
};
