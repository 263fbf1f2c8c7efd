// Kills another tenant's process.
import type { RootAttack } from '../planted-in-root.ts';

export const killInRoot: RootAttack = ({ pid }) => {
  process.kill(Number(pid), 'SIGKILL');
  return `process ${pid} was killed`;
};
