// Writes the first block of disk0, which it was given for reading.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { storageFlush, storageOpen, storageWrite } from '../../lib/storage.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const disk = storageOpen('disk0');
  const page = allocatePages(1);
  memory.fill(page, 0x21, 512);
  const status = storageWrite(disk, 0, page, 512);
  consoleWrite(console, `write: status ${status}, flush: status ${storageFlush(disk)}\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
