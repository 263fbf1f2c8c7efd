// Prints its boot arguments: the voice of planted JavaScript (planted.ts), which leaves its report there.

import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWriteBytes } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  let length: u32 = 0;
  while (length < 4096 && load<u8>(page + length) != 0) length++;
  consoleWriteBytes(console, page, length);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
