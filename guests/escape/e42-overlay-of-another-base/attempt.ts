import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { tryDisk } from '../stage/try-disk.ts';

const BASE_BYTES = 1 << 20;

export const overlayOfAnotherBase: Attempt = {
  id: 'E42',
  name: "lay an overlay over somebody else's base",
  boundary: 'guest and root partition',
  wants: 'integrity',
  ancestor: 'cut and paste of disk contents: overlays and snapshots put over an image they were not made for',
  statement:
    'An overlay holds what differs from its base. Laid over another base of the same size it makes a disk that nobody ever wrote: files of one tenant in the middle of the file system of another, decided by whoever prepared the overlay. The overlay holds a hash of its base, and is refused over any other.',
  heldBy: [['overlay-identity']],
  async run(stage) {
    const base = join(stage.folder, 'base.img');
    const other = join(stage.folder, 'other.img');
    const overlay = join(stage.folder, 'changes.cow');
    writeFileSync(base, Buffer.alloc(BASE_BYTES, 1));
    writeFileSync(other, Buffer.alloc(BASE_BYTES, 2));
    await tryDisk(stage.hypervisor, { path: base, overlay });
    stage.tries('to attach an overlay of one base over another');
    const refusal = await tryDisk(stage.hypervisor, { path: other, overlay });
    const evidence = [refusal ?? 'it was attached'];
    stage.sees(evidence.join());
    return { hasSucceeded: refusal === undefined, evidence };
  },
};
