import type { Attempt } from '../attempt.ts';

export const ringOutsideMemory: Attempt = {
  id: 'E22c',
  name: 'open a ring outside of memory',
  boundary: 'guest and hypervisor',
  wants: 'integrity',
  ancestor:
    'guest addresses checked at their start alone: Firecracker vsock CVE-2019-18960, vhost CVE-2018-1118',
  statement:
    "A guest opens a channel and names a ring that begins where its memory ends. A host that took it would read and write whatever lies there; in this one the engine's bounds stand behind the check, and what breaks is the hypervisor's own code, by an exception in the middle of a channel. The ring is refused when it is opened.",
  heldBy: [['ring-in-memory']],
  async run(stage) {
    stage.tries('to open a channel whose ring begins at the end of memory');
    const { text, exit } = await stage.runGuest({ guest: 'e22c-ring-outside-memory' });
    const evidence = [text.trim(), exit.message];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: text.includes('opened') || /RangeError/.test(exit.message), evidence };
  },
};
