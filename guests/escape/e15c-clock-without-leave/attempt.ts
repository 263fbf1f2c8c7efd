import { HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER } from '../../../hypervisor/abi/privileges.ts';
import { guestPrivileges } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';

export const clockWithoutLeave: Attempt = {
  id: 'E15c',
  name: 'read a clock without the privilege',
  boundary: 'guest and hypervisor',
  wants: 'confidentiality',
  ancestor: 'timers as the first tool of every side channel; Cloudflare Workers stop theirs',
  statement:
    'A guest that was created without AccessPartitionReferenceCounter looks for a clock, in the register and in its imports. The register is refused by the privilege mask; the import, which has no status to refuse with, always says 0.',
  heldBy: [['clock-privilege']],
  async run(stage) {
    stage.tries('to read reference time without AccessPartitionReferenceCounter');
    const { exit, text } = await stage.runGuest({
      guest: 'e15c-clock-without-leave',
      privileges: {
        lo: (guestPrivileges.lo & ~(1 << HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER)) >>> 0,
        hi: guestPrivileges.hi,
      },
    });
    const lines = text.trim().split('\n');
    if (lines.length !== 2) throw new Error(`the guest did not look for clocks: ${exit.message}`);
    for (const line of lines) stage.sees(line);
    return { hasSucceeded: lines.some((line) => !line.endsWith(' 0 ticks')), evidence: lines };
  },
};
