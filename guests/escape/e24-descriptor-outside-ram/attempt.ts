import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { virtioProgram } from '../stage/virtio-program.ts';

/** Where a machine that does not check finds its boot arguments (guests/riscv/machine/{memory,devices}): 0x401_4000 in
 *  its memory, with the guest's RAM at 0x600_0000. */
const BOOT_ARGUMENTS_GPA = 0x8000_0000 + 0x401_4000 - 0x600_0000;
const LENGTH = 256;

export const descriptorOutsideRam: Attempt = {
  id: 'E24',
  name: "have a device print the machine's own memory",
  boundary: 'guest and its own sandbox',
  wants: 'confidentiality',
  ancestor: 'descriptors that point out of guest memory: Firecracker vsock CVE-2019-18960',
  statement:
    "A driver in the guest tells its console to print 256 bytes from below RAM, where the emulated machine keeps its state, and among it what the machine was started with, a secret for the guest's kernel to get by other ways or not at all. Devices reach guest memory by one function, which takes an address and a length and knows nothing but RAM.",
  heldBy: [['ram-bounds']],
  async run(stage) {
    const secret = randomBytes(8).toString('hex');
    const elf = join(stage.folder, 'driver.elf');
    writeFileSync(elf, virtioProgram({ chain: [{ address: BOOT_ARGUMENTS_GPA, length: LENGTH }] }));
    stage.tries(`to have the console print from 0x${BOOT_ARGUMENTS_GPA.toString(16)}, below RAM`);
    const { text, exit } = await stage.runGuest({
      guest: { kind: 'bare-metal', elf },
      memoryMib: 8,
      arguments: { secret },
    });
    const hasSucceeded = text.includes(secret);
    const evidence = [hasSucceeded ? "the machine's boot arguments, the secret among them" : exit.message];
    stage.sees(evidence.join());
    return { hasSucceeded, evidence };
  },
};
