import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attempt } from '../attempt.ts';

export const lateCompletion: Attempt = {
  id: 'E30a',
  name: 'have a device write to a buffer that it was to forget',
  boundary: 'guest and root partition',
  wants: 'integrity',
  ancestor:
    'completions that outlive their queue: cloud-hypervisor CVE-2026-45782, use after free in block devices',
  statement:
    "A driver asks for data and resets the device before it comes; the memory is soon something else's, of a process in the guest that has nothing to do with disks. An answer that comes late must not go there. The root partition counts each opening and closing of a channel, and drops what belongs to an earlier one.",
  heldBy: [['channel-generations']],
  async run(stage) {
    const path = join(stage.folder, 'disk.img');
    writeFileSync(path, Buffer.alloc(1 << 20, 0x64));
    stage.tries('to close a channel with 24 reads under way, and to open it again');
    const { text } = await stage.runGuest({ guest: 'e30a-late-completion', memoryMib: 8, disks: [{ path }] });
    stage.sees(text.trim());
    const late = Number(/^\d+/.exec(text)?.[0]);
    if (Number.isNaN(late)) throw new Error('the guest said nothing');
    return { hasSucceeded: late > 0, evidence: [text.trim()] };
  },
};
