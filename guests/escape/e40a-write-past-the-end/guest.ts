// Writes to disk0 from its end on, a MiB in pieces of 64 KiB. Says how many of them were taken.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { storageCapacity, storageOpen, storageWrite } from '../../lib/storage.ts';

const PIECE_BYTES: u32 = 65_536;
const PIECES: u32 = 16;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const disk = storageOpen('disk0');
  const capacity = storageCapacity(disk);
  const piece = allocatePages(PIECE_BYTES >> 12);
  memory.fill(piece, 0x21, PIECE_BYTES);
  let taken = 0;
  for (let index: u32 = 0; index < PIECES; index++) {
    if (storageWrite(disk, capacity + <u64>index * PIECE_BYTES, piece, PIECE_BYTES) == 0) taken++;
  }
  consoleWrite(console, `${taken} of ${PIECES} writes past the end were taken\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
