import { linkSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';

export const diskByAnotherName: Attempt = {
  id: 'E38',
  name: "attach a neighbour's disk by another name",
  boundary: 'guest and guest',
  wants: 'confidentiality',
  ancestor: 'symbolic and hard links past path checks: 9p CVE-2016-9602, virtiofsd CVE-2020-35517',
  statement:
    "A tenant may bring disk images. It brings a hard link to its neighbour's, which is in use: another path, the same file. A check of paths would see nothing. The root partition sees no paths at all but descriptors, and holds each file by its device and inode, for one writer or for readers alone.",
  heldBy: [['volume-lock']],
  async run(stage) {
    const { neighbour, folder } = stage;
    const path = join(folder, 'my-own.img');
    linkSync(neighbour.diskFile, path);
    stage.tries(`to attach ${path}, a hard link to the neighbour's disk`);
    let evidence: string;
    try {
      const { text } = await stage.runGuest({ guest: 'e38-disk-by-another-name', disks: [{ path }] });
      evidence = text.trim();
    } catch (error) {
      evidence = (error as Error).message;
    }
    stage.sees(evidence);
    return { hasSucceeded: neighbour.isSeenIn(evidence), evidence: [evidence] };
  },
};
