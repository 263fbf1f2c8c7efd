// What a player does who has broken out of the engine: goes for all three flags, in builds that let planted JavaScript
// run (`--without engine`, `--argument planted=GAME`).
import { readFileSync } from 'node:fs';
import type { PlantedAttack } from '../planted.ts';
import { searchMemory } from '../process-memory.ts';

const FLAG = /flag\{[0-9a-f]{32}\}/;

export const takeFlags: PlantedAttack = (targets) => {
  const attacks: Record<string, () => string> = {
    file: () => readFileSync(targets['flag-file'] ?? '', 'utf8'),
    neighbour: () => searchMemory(targets['neighbour-pid'] ?? '', FLAG).join(' '),
    hypervisor: () => searchMemory(targets['hypervisor-pid'] ?? '', FLAG).join(' '),
  };
  return Object.entries(attacks)
    .map(([name, attack]) => `${name}: ${attempt(attack)}`)
    .join('\n');
};

function attempt(attack: () => string): string {
  try {
    return attack();
  } catch (error) {
    return (error as Error).message;
  }
}
