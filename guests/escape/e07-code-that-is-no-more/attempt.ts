import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { patchingProgram } from './patching-program.ts';

const PATCHES = 16;
const CALLS = 5000;
/** Instructions after which code is translated: each version of the function is. */
const HEAT = 1000;

export const codeThatIsNoMore: Attempt = {
  id: 'E07',
  name: 'run translated code that has been overwritten',
  boundary: 'guest and its own sandbox',
  wants: 'integrity',
  ancestor: 'self-modifying code under binary translators; stale translations in QEMU and v86',
  statement:
    "A program calls a function until the machine has translated it, writes another instruction into the middle of it, executes fence.i as the architecture demands, and goes on calling; sixteen times. A machine that missed the write would go on with what it had translated: a check that a kernel has just patched in would not be made, and a page that belonged to one process would run its code with the next one's rights. A store to a page with translated code never goes the fast way, and ends the page's translations.",
  heldBy: [['unit-invalidation']],
  async run(stage) {
    const elf = join(stage.folder, 'program.elf');
    writeFileSync(elf, patchingProgram(PATCHES, CALLS));
    stage.tries(`to patch a function ${PATCHES} times that is called ${CALLS} times in between`);
    const { exit, statistics } = await stage.runGuest({
      guest: { kind: 'bare-metal', elf, engine: 'translator', translator: { heat: HEAT } },
      memoryMib: 8,
    });
    const units = statistics.counters.codePublished;
    if (units === 0) throw new Error(`the function was never translated: ${exit.message}`);
    const hasSucceeded = exit.kind !== 'power-off';
    const evidence = `${units} units; ${hasSucceeded ? 'some of them outlived their code' : 'each call ran the code of its time'}: ${exit.message}`;
    stage.sees(evidence);
    return { hasSucceeded, evidence: [evidence] };
  },
};
