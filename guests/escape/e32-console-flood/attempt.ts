import type { Attempt } from '../attempt.ts';
import { residentMib } from '../stage/resident-memory.ts';

const FLOOD_MIB = 192;
const MUCH_MIB = 140;

export const consoleFlood: Attempt = {
  id: 'E32',
  name: 'fill the root partition with console output',
  boundary: 'guest and root partition',
  wants: 'availability',
  ancestor: 'unbounded console buffers: kata-containers CVE-2020-27174, QEMU chardev backlogs',
  statement:
    "A guest writes 192 MiB to its console. Whoever attaches later shall see what was written last, so the root partition keeps some of it, in the memory that all tenants' devices share. It keeps 256 KiB in a ring of fixed size, whatever the guest writes.",
  heldBy: [['scroll-back-size']],
  async run(stage) {
    const { rootPid } = stage.hypervisor;
    const before = residentMib(rootPid);
    stage.tries(`to write ${FLOOD_MIB} MiB to its console`);
    const { exit } = await stage.runGuest({
      guest: 'e32-console-flood',
      arguments: { count: String(FLOOD_MIB) },
    });
    const grown = residentMib(rootPid) - before;
    const evidence = [`${exit.message}; the root partition process grew by ${grown} MiB`];
    stage.sees(evidence.join());
    return { hasSucceeded: grown > MUCH_MIB, evidence };
  },
};
