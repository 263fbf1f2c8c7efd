// Whether the root partition takes a disk: a partition is made with it and deleted before it runs.
import type { Disk, Hypervisor } from '../../../hypervisor/index.ts';
import { guestFile } from './guest-file.ts';

/** @returns what was said against the disk; undefined when it was taken */
export async function tryDisk(hypervisor: Hypervisor, disk: Disk): Promise<string | undefined> {
  const guest = { kind: 'unikernel', module: guestFile('neighbour') } as const;
  try {
    const partition = await hypervisor.createPartition({ name: 'tenant', guest, disks: [disk] });
    await partition.dispose();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
