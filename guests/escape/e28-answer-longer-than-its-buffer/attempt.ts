import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { PAYLOAD, UNTOUCHED, virtioProgram } from '../stage/virtio-program.ts';

const REQUEST_GET_ID = 8;
const HEADER_BYTES = 16;
/** Of the 20 that the answer has. */
const BUFFER_BYTES = 8;
const DISK_BYTES = 65_536;

export const answerLongerThanItsBuffer: Attempt = {
  id: 'E28',
  name: 'ask a disk for more than there is room for',
  boundary: 'guest and its own sandbox',
  wants: 'integrity',
  ancestor: 'answers of fixed size into whatever buffer the guest gave: QEMU virtio-blk CVE-2026-48914',
  statement:
    "A program that may use a driver's queue asks a disk for its name, which has 20 bytes, and gives a buffer of 8. What lies behind the buffer is somebody else's: a word of the kernel's here, at the end of RAM the memory of whoever emulates the disk. A device writes no further than the descriptor reaches; a request whose answer does not fit is answered with an error.",
  heldBy: [['answer-length']],
  async run(stage) {
    const disk = join(stage.folder, 'disk.img');
    writeFileSync(disk, Buffer.alloc(DISK_BYTES));
    const elf = join(stage.folder, 'driver.elf');
    const chain = [
      { address: PAYLOAD, length: HEADER_BYTES, next: 1 },
      { address: UNTOUCHED - BUFFER_BYTES, length: BUFFER_BYTES, next: 2, isWritable: true },
      { address: PAYLOAD + HEADER_BYTES, length: 1, isWritable: true },
    ];
    writeFileSync(elf, virtioProgram({ device: 'disk', payload: Uint8Array.of(REQUEST_GET_ID), chain }));
    stage.tries(`to have the disk's name of 20 bytes written into a buffer of ${BUFFER_BYTES}`);
    const { exit } = await stage.runGuest({
      guest: { kind: 'bare-metal', elf },
      memoryMib: 8,
      disks: [{ path: disk }],
    });
    const hasSucceeded = exit.kind !== 'power-off';
    const evidence = `${hasSucceeded ? 'what lies behind the buffer was overwritten' : 'what lies behind the buffer is as it was'}: ${exit.message}`;
    stage.sees(evidence);
    return { hasSucceeded, evidence: [evidence] };
  },
};
