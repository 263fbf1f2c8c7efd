// Says how the partition ended, in words that clear a terminal.
import type { PlantedAttack } from '../planted.ts';
import { sendForged } from '../stage/control-frame.ts';

export const lastWords: PlantedAttack = () => {
  const message = '\x1b[2J\x1b]0;owned\x07\nall partitions: healthy';
  sendForged({ type: 'exit', exit: { kind: 'trapped', message }, counters: {} });
  return 'an end with control characters is told';
};
