// Reads and writes registers of the partition that the boot argument `victim` names. Says what it was told.

import {
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
  HVCALL_GET_VP_REGISTERS,
  HVCALL_SET_VP_REGISTERS,
} from '../../../hypervisor/abi/hypercalls.ts';
import { HV_REGISTER_SCONTROL } from '../../../hypervisor/abi/synic.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { hypercall } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  const output = allocatePages(1);
  readBootArguments(page);
  const victim = bootArgumentNumber(page, 'victim', 0);
  memory.fill(page, 0, 64);
  store<u64>(page, victim);
  store<u32>(page, HV_REGISTER_SCONTROL, 16);
  const got = hypercall(HVCALL_GET_VP_REGISTERS, 1, <u32>page, 0, <u32>output, 0) & 0xffff;
  consoleWrite(console, `get SCONTROL of partition ${victim}: status ${got}\n`);
  store<u64>(page, 1, 32);
  const set = hypercall(HVCALL_SET_VP_REGISTERS, 1, <u32>page, 0, 0, 0) & 0xffff;
  consoleWrite(console, `set SCONTROL of partition ${victim}: status ${set}\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
