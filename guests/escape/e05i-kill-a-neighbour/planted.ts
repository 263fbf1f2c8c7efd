// Kills another process.
import type { PlantedAttack } from '../planted.ts';

export const killNeighbour: PlantedAttack = ({ pid }) => {
  process.kill(Number(pid), 'SIGKILL');
  return `process ${pid} was sent SIGKILL`;
};
