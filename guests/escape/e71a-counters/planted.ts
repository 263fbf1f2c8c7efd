// Reports counters that are no numbers, as the guest's last ones: it does not go on, so that no others follow.
import type { PlantedAttack } from '../planted.ts';
import { sendForged } from '../stage/control-frame.ts';

export const forgeCounters: PlantedAttack = () => {
  const hypercalls = '<img src=x onerror=alert(1)>';
  sendForged({ type: 'exit', exit: { kind: 'stopped' }, counters: { hypercalls } });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return 'nobody waits so long';
};
