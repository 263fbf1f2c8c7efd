// Has the hypervisor write its boot arguments to addresses that it must not write to. Says what it was told.

import {
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
  HVCALL_GET_BOOT_ARGUMENTS,
} from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { hypercall } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

function attempt(console: usize, what: string, lo: u32, hi: u32): void {
  const status = hypercall(HVCALL_GET_BOOT_ARGUMENTS, 0, 0, 0, lo, hi) & 0xffff;
  consoleWrite(console, `${what}: status ${status}\n`);
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const pages = <u32>allocatePages(2);
  attempt(console, 'an address that is not aligned', pages + 4, 0);
  attempt(console, 'a block across two pages', pages + 8, 0);
  attempt(console, 'an address above 4 GiB', pages, 1);
  attempt(console, 'the last page of the address space', 0xffff_f000, 0);
  attempt(console, 'the first page after memory', (<u32>memory.size()) << 16, 0);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
