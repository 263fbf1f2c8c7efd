// Looks for a clock: the import, and the register. Says what they show.

import {
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
  HVCALL_GET_VP_REGISTERS,
} from '../../../hypervisor/abi/hypercalls.ts';
import { HV_REGISTER_TIME_REF_COUNT, HV_VP_INDEX_SELF } from '../../../hypervisor/abi/synic.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { hypercall, referenceTime } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  store<i64>(page, -1);
  store<u32>(page, HV_VP_INDEX_SELF, 8);
  store<u32>(page, HV_REGISTER_TIME_REF_COUNT, 16);
  const status = hypercall(HVCALL_GET_VP_REGISTERS, 1, <u32>page, 0, <u32>page + 64, 0) & 0xffff;
  consoleWrite(console, `the register: status ${status}, ${load<u64>(page, 64)} ticks\n`);
  consoleWrite(console, `the import: ${<u64>referenceTime()} ticks\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
