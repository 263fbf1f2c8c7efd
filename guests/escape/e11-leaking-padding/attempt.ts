import type { Attempt } from '../attempt.ts';

const MEMORY_MIB = 2;
/** What the guest is given, and all that it may see. */
const OWN = `memory=${MEMORY_MIB}\n`;
const SHOWN_CHARACTERS = 160;

export const leakingPadding: Attempt = {
  id: 'E11',
  name: "read the hypervisor's leftovers in padding",
  boundary: 'guest and hypervisor',
  wants: 'confidentiality',
  ancestor: 'uninitialised padding and oversized copies of pooled buffers (KVM, Hyper-V, Heartbleed)',
  statement:
    "A guest fills a region with a pattern, has the hypervisor write its boot arguments there, and looks for anything that is not its own. The engine keeps small buffers in one pool with everybody else's bytes; the hypervisor copies the arguments' own bytes out of it, and fills the rest of the page with zeroes.",
  heldBy: [['exact-copy']],
  async run(stage) {
    stage.tries('to find bytes that are not its own where its boot arguments were written');
    const { exit, text } = await stage.runGuest({ guest: 'e11-leaking-padding', memoryMib: MEMORY_MIB });
    const [first = '', ...rest] = text.split('\n');
    if (!first.startsWith('status 0'))
      throw new Error(`the guest did not get its arguments: ${exit.message}`);
    const bytes = rest.join('\n');
    const evidence = `${first} ${bytes.slice(0, SHOWN_CHARACTERS)}`.trim();
    stage.sees(evidence);
    return { hasSucceeded: bytes !== OWN, evidence: [evidence] };
  },
};
