import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { PAYLOAD, virtioProgram } from '../stage/virtio-program.ts';

const PROMISED = 'the queue that was promised';
const PUT_IN_ITS_PLACE = 'the queue that was put in its place';

export const queueMoves: Attempt = {
  id: 'E25',
  name: 'give a device another queue while it works',
  boundary: 'guest and its own sandbox',
  wants: 'integrity',
  ancestor: "a virtqueue's registers written after activation: Firecracker CVE-2026-5747",
  statement:
    'A driver sets a queue of 8 descriptors up, says DRIVER_OK, and writes another size and other addresses into the same registers before it kicks the device. What a device checked, or computed, when the queue became ready would then no longer be what it uses: an index from the longer queue lies outside of the shorter one. Size and addresses are latched when the queue is made ready; the device goes on with the queue that it was promised.',
  heldBy: [['queue-latch']],
  async run(stage) {
    const elf = join(stage.folder, 'driver.elf');
    const driver = {
      payload: Buffer.from(PROMISED + PUT_IN_ITS_PLACE),
      chain: [{ address: PAYLOAD, length: PROMISED.length }],
      afterwards: [{ address: PAYLOAD + PROMISED.length, length: PUT_IN_ITS_PLACE.length }],
    };
    writeFileSync(elf, virtioProgram(driver));
    stage.tries('to have the console print from a queue whose registers it wrote after DRIVER_OK');
    const { text, exit } = await stage.runGuest({ guest: { kind: 'bare-metal', elf }, memoryMib: 8 });
    const hasSucceeded = text.includes(PUT_IN_ITS_PLACE);
    if (!hasSucceeded && !text.includes(PROMISED)) throw new Error(`the device did nothing: ${exit.message}`);
    const evidence = `the device printed: ${text.trim()}`;
    stage.sees(evidence);
    return { hasSucceeded, evidence: [evidence] };
  },
};
