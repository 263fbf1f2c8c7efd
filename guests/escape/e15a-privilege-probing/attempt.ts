import { HV_STATUS_SUCCESS } from '../../../hypervisor/abi/status.ts';
import type { Attempt } from '../attempt.ts';

const CALLS = 7;

export const privilegeProbing: Attempt = {
  id: 'E15a',
  name: "make the root partition's hypercalls",
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'missing privilege checks in hypercall handlers (Xen XSA class)',
  statement:
    "A guest calls CreatePartition and its kin, and asks which partition it is, without having been given the privileges. The dispatcher compares the partition's 64-bit privilege mask with what the call takes, as TLFS has it; the guest cannot reach the mask.",
  heldBy: [['privilege-mask']],
  async run(stage) {
    stage.tries(`${CALLS} hypercalls that take privileges it was not given`);
    const { exit, text, statistics } = await stage.runGuest({ guest: 'e15a-privilege-probing' });
    const lines = text.trim().split('\n');
    if (lines.length !== CALLS) throw new Error(`the guest did not make its calls: ${exit.message}`);
    for (const line of lines) stage.sees(line);
    const denied = `the hypervisor counted ${statistics.counters.accessDenied} denials`;
    stage.sees(denied);
    const isAllowed = (line: string): boolean => line.includes(`status ${HV_STATUS_SUCCESS},`);
    return { hasSucceeded: lines.some(isAllowed), evidence: [...lines, denied] };
  },
};
