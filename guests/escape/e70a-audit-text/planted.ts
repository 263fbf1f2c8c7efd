// Tells the hypervisor of refused code, with a reason that clears whoever's terminal shows it and forges a line.
import type { PlantedAttack } from '../planted.ts';
import { sendForged } from '../stage/control-frame.ts';

export const forgeAuditText: PlantedAttack = () => {
  const reason = '\x1b[2J\x1b]0;owned\x07\nlogin: administrator from 10.0.0.1';
  const counters = { codeRefused: 1, codeRefusedByCheck: 1, codeRefusedByEngine: 0 };
  sendForged({ type: 'refused-code', counters, reason });
  return 'a reason with control characters is sent';
};
