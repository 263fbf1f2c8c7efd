import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { holesProgram, PAGES_BELOW_RAM } from './holes-program.ts';

const MEMORY_MIB = 8;

export const holesOfTheAddressSpace: Attempt = {
  id: 'E34',
  name: 'load and store where nothing is',
  boundary: 'guest and its own sandbox',
  wants: 'confidentiality',
  ancestor:
    "fuzzing of MMIO holes: accesses that reach a device model beyond its last register (QEMU's class)",
  statement:
    "A program loads from, and stores to, each of the 524,288 pages below RAM and 67 addresses behind it, up to the last one that 64 bits name. Where there is a device, it answers. Everywhere else the machine must answer with an access fault: one that asked a device about a register behind its last would read, or write, whatever lies behind that device's state, or fall itself. The bus knows where each device ends.",
  heldBy: [['device-window']],
  async run(stage) {
    const elf = join(stage.folder, 'program.elf');
    writeFileSync(elf, holesProgram(MEMORY_MIB));
    stage.tries(`to load from and store to ${PAGES_BELOW_RAM} pages below RAM, and behind it`);
    const { exit } = await stage.runGuest({ guest: { kind: 'bare-metal', elf }, memoryMib: MEMORY_MIB });
    const hasSucceeded = exit.kind !== 'power-off';
    const evidence = hasSucceeded
      ? `a hole was answered otherwise than by a fault: ${exit.message}`
      : `each hole was answered by an access fault: ${exit.message}`;
    stage.sees(evidence);
    return { hasSucceeded, evidence: [evidence] };
  },
};
