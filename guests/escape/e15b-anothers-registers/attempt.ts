import { HV_STATUS_SUCCESS } from '../../../hypervisor/abi/status.ts';
import type { Attempt } from '../attempt.ts';

export const anothersRegisters: Attempt = {
  id: 'E15b',
  name: "set a neighbour's registers",
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'hypercalls that take a domain id and trust it (Xen XSA class)',
  statement:
    "HvGetVpRegisters and HvSetVpRegisters name a partition and a VP. A guest names its neighbour's. The hypervisor accepts the caller's own and no other, whatever privileges the caller has.",
  heldBy: [['own-registers']],
  async run(stage) {
    const victim = stage.neighbour.partition.id;
    stage.tries(`to read and write SCONTROL of partition ${victim}`);
    const { exit, text } = await stage.runGuest({
      guest: 'e15b-anothers-registers',
      arguments: { victim: String(victim) },
    });
    const lines = text.trim().split('\n');
    if (lines.length !== 2) throw new Error(`the guest did not make its calls: ${exit.message}`);
    for (const line of lines) stage.sees(line);
    return {
      hasSucceeded: lines.some((line) => line.endsWith(`status ${HV_STATUS_SUCCESS}`)),
      evidence: lines,
    };
  },
};
