import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';

export const writeToAReadOnlyDisk: Attempt = {
  id: 'E40b',
  name: 'write to a disk that it was given for reading',
  boundary: 'guest and root partition',
  wants: 'integrity',
  ancestor: 'read-only flags that only the driver honours: virtio-blk VIRTIO_BLK_F_RO, shared base images',
  statement:
    'Many tenants boot from one image. A guest that was given it for reading sends a write all the same: what it changes, the others boot. The storage service refuses the request; behind it, the file was opened for reading, so that even a service without the check could not write it.',
  heldBy: [['storage-read-only', 'descriptor-read-only']],
  async run(stage) {
    const path = join(stage.folder, 'shared.img');
    const image = Buffer.alloc(65_536, 1);
    writeFileSync(path, image);
    stage.tries('to write the first block of a shared image, given for reading');
    const disks = [{ path, isReadOnly: true }];
    const { text } = await stage.runGuest({ guest: 'e40b-write-to-a-read-only-disk', disks });
    const isChanged = !readFileSync(path).equals(image);
    const evidence = [text.trim(), `the image is ${isChanged ? 'changed' : 'as it was'}`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: isChanged, evidence };
  },
};
