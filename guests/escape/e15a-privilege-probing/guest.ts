// Makes each call of partition management, and asks for its partition id, without the privileges for it. Says what came.

import {
  HV_EXIT_POWER_OFF,
  HV_HYPERCALL_FAST,
  HV_VP_HALTED,
  HVCALL_CREATE_PARTITION,
  HVCALL_DELETE_PARTITION,
  HVCALL_FINALIZE_PARTITION,
  HVCALL_GET_PARTITION_ID,
  HVCALL_GET_PARTITION_PROPERTY,
  HVCALL_INITIALIZE_PARTITION,
  HVCALL_SET_PARTITION_PROPERTY,
} from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { hypercall } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

function call(name: string, code: u32, isFast: bool, page: usize): string {
  store<u64>(page, 0);
  const status = hypercall(code | (isFast ? HV_HYPERCALL_FAST : 0), 0, <u32>page, 0, <u32>page, 0) & 0xffff;
  return `${name}: status ${status}, output ${load<u64>(page)}\n`;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  consoleWrite(console, call('create partition', HVCALL_CREATE_PARTITION, false, page));
  consoleWrite(console, call('initialize partition', HVCALL_INITIALIZE_PARTITION, true, page));
  consoleWrite(console, call('finalize partition', HVCALL_FINALIZE_PARTITION, true, page));
  consoleWrite(console, call('delete partition', HVCALL_DELETE_PARTITION, true, page));
  consoleWrite(console, call('get property', HVCALL_GET_PARTITION_PROPERTY, false, page));
  consoleWrite(console, call('set property', HVCALL_SET_PARTITION_PROPERTY, false, page));
  consoleWrite(console, call('get partition id', HVCALL_GET_PARTITION_ID, false, page));
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
