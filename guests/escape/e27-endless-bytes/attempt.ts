import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { uartProgram } from './uart-program.ts';

const BYTES = 8000;
const FIFO_BYTES = 16;

export const endlessBytes: Attempt = {
  id: 'E27',
  name: 'feed a FIFO without end',
  boundary: 'guest and its own sandbox',
  wants: 'integrity',
  ancestor: "bytes that a device's FIFO never says stop to: VENOM, QEMU's floppy CVE-2015-3456",
  statement:
    "A program switches its serial line to loopback, so that what it sends comes back to it, and sends 8,000 bytes without reading one. The FIFO behind the line has 16. A device that put each byte behind the one before would go through its own registers and the next device's, the clock's here, and on through the machine's. A byte that finds the FIFO full is dropped, and its place is counted around the FIFO in any case: either is enough.",
  heldBy: [['fifo-room', 'fifo-wrap']],
  async run(stage) {
    const elf = join(stage.folder, 'program.elf');
    writeFileSync(elf, uartProgram(BYTES));
    stage.tries(`to have ${BYTES} bytes come back through a FIFO of ${FIFO_BYTES}`);
    const { exit, text } = await stage.runGuest({ guest: { kind: 'bare-metal', elf }, memoryMib: 8 });
    const isOverrun = exit.kind === 'guest-failure' || exit.kind === 'trapped';
    const evidence = isOverrun
      ? `the clock's registers were overwritten: ${exit.message}`
      : `${text.length} bytes came back, the clock goes on: ${exit.message}`;
    stage.sees(evidence);
    return { hasSucceeded: isOverrun, evidence: [evidence] };
  },
};
