import { HV_STATUS_SUCCESS } from '../../../hypervisor/abi/status.ts';
import type { Attempt } from '../attempt.ts';

export const synicPageOutside: Attempt = {
  id: 'E13b',
  name: 'put the message page beyond memory',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'overlay and event pages whose address a hypervisor keeps and trusts later (Xen XSA class)',
  statement:
    'A guest tells the SynIC that its message page lies beyond the end of its memory, and then asks for messages. The address is checked when the register is set, since the hypervisor writes there later, on its own account.',
  heldBy: [['synic-page-check']],
  async run(stage) {
    stage.tries('to set SIMP to the first page after memory, then to receive messages');
    const { exit, text } = await stage.runGuest({ guest: 'e13b-synic-page-outside' });
    const match = text.match(/beyond memory: status (\d+)/);
    if (match === null) throw new Error(`the guest did not set its register: ${exit.message}`);
    const evidence = [match[0], `the guest: ${exit.message}`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: Number(match[1]) === HV_STATUS_SUCCESS, evidence };
  },
};
