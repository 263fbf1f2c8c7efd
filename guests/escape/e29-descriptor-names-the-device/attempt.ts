import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import type { Stage } from '../stage/stage.ts';
import { DEVICE_ID, DISK_REGISTERS, PAYLOAD, virtioProgram } from '../stage/virtio-program.ts';

const REQUEST_GET_ID = 8;
const HEADER_BYTES = 16;
const ID_BYTES = 20;
const DISK_BYTES = 65_536;
/** Where a machine that does not check finds what the first disk's registers are made of (guests/riscv/machine/{memory,
 *  virtio}): 0x403_0000 in its memory, with the guest's RAM at 0x600_0000. */
const REGISTERS_INSIDE = 0x8000_0000 + 0x403_0000 - 0x600_0000;

/** Has the disk write its name to `address`. @returns how the driver ended, unless it found all as it was */
async function nameTo(stage: Stage, address: number): Promise<string | undefined> {
  const disk = join(stage.folder, 'disk.img');
  writeFileSync(disk, Buffer.alloc(DISK_BYTES));
  const elf = join(stage.folder, 'driver.elf');
  const chain = [
    { address: PAYLOAD, length: HEADER_BYTES, next: 1 },
    { address, length: ID_BYTES, next: 2, isWritable: true },
    { address: PAYLOAD + HEADER_BYTES, length: 1, isWritable: true },
  ];
  const payload = Uint8Array.of(REQUEST_GET_ID);
  const watched = DISK_REGISTERS + DEVICE_ID;
  writeFileSync(elf, virtioProgram({ device: 'disk', payload, chain, watched }));
  stage.tries(`to have the disk write its name to 0x${address.toString(16)}`);
  const { exit } = await stage.runGuest({
    guest: { kind: 'bare-metal', elf },
    memoryMib: 8,
    disks: [{ path: disk }],
  });
  return exit.kind === 'power-off' ? undefined : exit.message;
}

export const descriptorNamesTheDevice: Attempt = {
  id: 'E29',
  name: 'have a device write over its own registers',
  boundary: 'guest and its own sandbox',
  wants: 'integrity',
  ancestor: 'DMA re-entrancy: devices told to write to themselves, as with QEMU CVE-2021-3929',
  statement:
    'A driver has a disk write its answer to the registers of that same disk: to where they are on the bus, and to where the machine keeps them. A device whose state changes under it in the middle of a request goes on with a queue, a status and a kind that nobody has checked. Devices reach RAM and nothing else: neither other addresses of the bus nor the memory around RAM.',
  heldBy: [['ram-bounds']],
  async run(stage) {
    const evidence = [];
    for (const [what, address] of [
      ['where the machine keeps them', REGISTERS_INSIDE],
      ['where they are on the bus', DISK_REGISTERS],
    ] as const) {
      const harm = await nameTo(stage, address);
      const line = harm === undefined ? `${what}: the registers are as they were` : `${what}: ${harm}`;
      stage.sees(line);
      evidence.push({ line, isHarm: harm !== undefined });
    }
    return {
      hasSucceeded: evidence.some(({ isHarm }) => isHarm),
      evidence: evidence.map(({ line }) => line),
    };
  },
};
