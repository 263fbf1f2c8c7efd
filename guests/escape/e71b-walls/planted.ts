// Says a second time which walls stand around it: better ones.
import type { PlantedAttack } from '../planted.ts';
import { sendForged } from '../stage/control-frame.ts';

export const forgeWalls: PlantedAttack = () => {
  sendForged({ type: 'ready', walls: ['hardware isolation: certified'] });
  return 'walls that do not stand are told';
};
