import type { Attempt } from '../attempt.ts';

export const callWithoutEnd: Attempt = {
  id: 'E19',
  name: 'have one hypercall do thousands of things',
  boundary: 'guest and hypervisor',
  wants: 'availability',
  ancestor: 'hypercalls that are not preempted: Xen XSA-45 and the like; TLFS ends each after 50 µs',
  statement:
    'A guest asks for 4,095 registers to be set in one call, as many as a control word can name, each with all message slots looked through. While a call runs its VP takes no interrupt, no pause and no request to stop. What a call with memory does is bounded by its one block of parameters, which lies within a page: 127 registers to set, 256 to read. More is refused before it begins; who wants more calls again (hypervisor/docs/decisions/0011).',
  heldBy: [['one-page-block']],
  async run(stage) {
    stage.tries('to have 4095 registers set by one hypercall');
    const { exit, text } = await stage.runGuest({ guest: 'e19-call-without-end' });
    const match = text.match(/(\d+) of 4095 .*status \d+/);
    if (match === null) throw new Error(`the guest did not make its call: ${exit.message}`);
    stage.sees(text.trim());
    return { hasSucceeded: match[1] === '4095', evidence: [text.trim()] };
  },
};
