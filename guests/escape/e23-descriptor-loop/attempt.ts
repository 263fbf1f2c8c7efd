import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { virtioProgram } from '../stage/virtio-program.ts';

const RAM = 0x8000_0000;

export const descriptorLoop: Attempt = {
  id: 'E23',
  name: 'give a device a chain of buffers that bites its tail',
  boundary: 'guest and its own sandbox',
  wants: 'integrity',
  ancestor: 'virtqueue loops: QEMU virtio CVE-2016-6490 and the like in every device model once',
  statement:
    'A driver in the guest gives its console a descriptor that names itself as its successor. A device that follows it notes buffers until its own table is full, and on behind it: over the state of the machine, and then over all that the guest has in memory, at the word of whoever may fill in a descriptor. A chain is no longer than its queue; the device asks to be reset.',
  heldBy: [['chain-length']],
  async run(stage) {
    const elf = join(stage.folder, 'driver.elf');
    writeFileSync(elf, virtioProgram({ chain: [{ address: RAM, length: 1, next: 0, isWritable: true }] }));
    stage.tries('to have the console follow a descriptor that is its own successor');
    const { exit } = await stage.runGuest({ guest: { kind: 'bare-metal', elf }, memoryMib: 8 });
    const isOverwritten = exit.kind === 'guest-failure' || exit.kind === 'trapped';
    const evidence = isOverwritten ? `memory is overwritten: ${exit.message}` : exit.message;
    stage.sees(evidence);
    return { hasSucceeded: isOverwritten, evidence: [evidence] };
  },
};
