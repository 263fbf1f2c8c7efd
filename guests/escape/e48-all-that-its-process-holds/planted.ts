// Searches all writable memory of its own process for boot arguments that hold secrets: its own, to see that the search
// finds such, and a neighbour's.
import type { PlantedAttack } from '../planted.ts';
import { searchMemory } from '../process-memory.ts';

export const readOwnProcess: PlantedAttack = ({ canary: own = '' }) => {
  const found = searchMemory('self', /canary=([0-9a-f]{32})/);
  if (!found.includes(own)) throw new Error('its own secret was not found');
  const [foreign] = found.filter((secret) => secret !== own);
  if (foreign === undefined) throw new Error('its own secret was found, and no other');
  return `a neighbour's secret, ${foreign}`;
};
