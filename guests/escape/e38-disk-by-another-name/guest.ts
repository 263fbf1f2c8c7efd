// Reads the first bytes of disk0 and writes them to the console.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite, consoleWriteBytes } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { storageOpen, storageRead } from '../../lib/storage.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const disk = storageOpen('disk0');
  const page = allocatePages(1);
  consoleWrite(console, `read: status ${storageRead(disk, 0, page, 512)}, `);
  consoleWriteBytes(console, page, 64);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
