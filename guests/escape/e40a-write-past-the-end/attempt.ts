import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';

const DISK_BYTES = 65_536;

export const writePastTheEnd: Attempt = {
  id: 'E40a',
  name: 'grow a disk until the host is full',
  boundary: 'guest and root partition',
  wants: 'availability',
  ancestor: 'block requests beyond the end: QEMU virtio-blk and SCSI range checks (CVE-2011-1750)',
  statement:
    "A guest writes from its disk's end on. A disk is a file of the host; a write past its end makes it longer, until the host's file system is full and every tenant's writes fail. Each request's range is checked against the volume's size, by subtraction, so that no sum can wrap.",
  heldBy: [['storage-range']],
  async run(stage) {
    const path = join(stage.folder, 'small.img');
    writeFileSync(path, Buffer.alloc(DISK_BYTES));
    stage.tries(`to write a MiB past the end of a disk of ${DISK_BYTES} bytes`);
    const { text } = await stage.runGuest({ guest: 'e40a-write-past-the-end', disks: [{ path }] });
    const { size } = statSync(path);
    const evidence = [text.trim(), `the file has ${size} bytes`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: size > DISK_BYTES, evidence };
  },
};
