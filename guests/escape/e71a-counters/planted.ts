// Reports counters that are no numbers.
import type { PlantedAttack } from '../planted.ts';
import { sendForged } from '../stage/control-frame.ts';

export const forgeCounters: PlantedAttack = () => {
  const hypercalls = '<img src=x onerror=alert(1)>';
  sendForged({ type: 'exit', exit: { kind: 'stopped' }, counters: { hypercalls } });
  return 'counters that are no numbers are sent';
};
