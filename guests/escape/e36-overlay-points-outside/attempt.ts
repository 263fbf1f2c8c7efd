import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';
import { residentMib } from '../stage/resident-memory.ts';
import { tryDisk } from '../stage/try-disk.ts';

const BASE_BYTES = 1 << 20;
const MAP_OFFSET = 4096;
/** Some hundred MiB of free list for a root partition that believes it. */
const DATA_CLUSTER = 12_000_000;
const MUCH_MIB = 60;

export const overlayPointsOutside: Attempt = {
  id: 'E36',
  name: 'bring an overlay whose map points outside of it',
  boundary: 'guest and root partition',
  wants: 'availability',
  ancestor: 'crafted disk images: qcow2 L1/L2 tables (CVE-2014-0144), VHD block tables, cyclic image formats',
  statement:
    "A tenant brings a disk overlay of its own making. One entry of its cluster map names a data cluster far outside of the file. A root partition that believed it would list all the clusters before it as free, memory and time that all tenants' devices share, and later write where the file is not. The map is checked entry by entry against the file's size before the disk is offered.",
  heldBy: [['overlay-map']],
  async run(stage) {
    const base = join(stage.folder, 'base.img');
    const overlay = join(stage.folder, 'crafted.cow');
    writeFileSync(base, Buffer.alloc(BASE_BYTES));
    // A good overlay, then one bad entry in its map: the header's checksum does not cover it.
    await tryDisk(stage.hypervisor, { path: base, overlay });
    const entry = Buffer.alloc(4);
    entry.writeUInt32LE(DATA_CLUSTER + 2);
    const fd = openSync(overlay, 'r+');
    writeSync(fd, entry, 0, 4, MAP_OFFSET);
    closeSync(fd);
    const before = residentMib(stage.hypervisor.rootPid);
    stage.tries(`to attach an overlay that says: cluster 0 is at data cluster ${DATA_CLUSTER}`);
    const refusal = await tryDisk(stage.hypervisor, { path: base, overlay });
    const grown = residentMib(stage.hypervisor.rootPid) - before;
    const evidence = [refusal ?? 'it was attached', `the root partition process grew by ${grown} MiB`];
    for (const line of evidence) stage.sees(line);
    return { hasSucceeded: refusal === undefined && grown > MUCH_MIB, evidence };
  },
};
