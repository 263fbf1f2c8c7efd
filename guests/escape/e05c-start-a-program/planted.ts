// Runs a shell and shows what it says.
import { spawnSync } from 'node:child_process';
import type { PlantedAttack } from '../planted.ts';

export const startProgram: PlantedAttack = () => {
  const { error, status, stdout } = spawnSync('/bin/sh', ['-c', 'echo shell of user $(id -u)'], {
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0) throw error ?? new Error(`status ${status}`);
  return stdout.trim();
};
