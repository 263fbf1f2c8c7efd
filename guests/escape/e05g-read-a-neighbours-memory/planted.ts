// Searches the writable memory of another process for the boot argument that holds its secret.
import type { PlantedAttack } from '../planted.ts';
import { searchMemory } from '../process-memory.ts';

export const readNeighboursMemory: PlantedAttack = ({ pid = '' }) => {
  const [secret] = searchMemory(pid, /canary=([0-9a-f]{32})/);
  if (secret === undefined) throw new Error('the memory could be read, but the secret was not found');
  return `its secret, ${secret}`;
};
