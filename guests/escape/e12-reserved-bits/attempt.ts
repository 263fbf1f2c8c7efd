import type { Attempt } from '../attempt.ts';

export const reservedBits: Attempt = {
  id: 'E12',
  name: 'set reserved bits of a hypercall',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor:
    'hypercall input that one version ignores and the next one obeys; TLFS demands InvalidHypercallInput',
  statement:
    'A guest makes a hypercall with each reserved bit set in turn, with a variable header, with repetitions for a call that has none, and in the wrong form. The hypervisor refuses every control word that is not exactly what the call takes.',
  heldBy: [['control-word-check']],
  async run(stage) {
    stage.tries('a hypercall with each of 48 wrong control words');
    const { exit, text } = await stage.runGuest({ guest: 'e12-reserved-bits' });
    const match = text.match(/(\d+) of (\d+) accepted/);
    if (match === null) throw new Error(`the guest did not make its calls: ${exit.message}`);
    stage.sees(match[0]);
    return { hasSucceeded: match[1] !== '0', evidence: [match[0]] };
  },
};
