// Runs the engine with a program of the attacker's.
import { spawnSync } from 'node:child_process';
import type { PlantedAttack } from '../planted.ts';

export const startEngine: PlantedAttack = () => {
  const { error, status, stdout } = spawnSync(process.execPath, ['-p', '"engine " + process.version'], {
    encoding: 'utf8',
    env: { OPENSSL_CONF: '/dev/null' },
  });
  if (error !== undefined || status !== 0) throw error ?? new Error(`status ${status}`);
  return stdout.trim();
};
