import { HV_STATUS_SUCCESS } from '../../../hypervisor/abi/status.ts';
import type { Attempt } from '../attempt.ts';

export const confusedDeputy: Attempt = {
  id: 'E13a',
  name: 'have the hypervisor write where the guest cannot',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor: 'confused deputies: parameter blocks of hypercalls and system calls that are not checked',
  statement:
    'A guest names output blocks that are misaligned, cross a page, lie above 4 GiB or beyond its memory. The hypervisor checks each block before it writes: aligned, within one page, within the memory of the caller.',
  heldBy: [['parameter-block-check']],
  async run(stage) {
    stage.tries('a hypercall with output at five wrong addresses');
    const { exit, text } = await stage.runGuest({ guest: 'e13a-confused-deputy' });
    const lines = text.trim().split('\n');
    if (!text.includes('status')) throw new Error(`the guest did not make its calls: ${exit.message}`);
    const evidence = [...lines, `the guest: ${exit.message}`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: lines.some((line) => line.endsWith(`status ${HV_STATUS_SUCCESS}`)), evidence };
  },
};
