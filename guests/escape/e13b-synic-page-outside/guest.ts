// Puts its message page beyond its memory and then has a message delivered there. Says what it was told.

import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { HV_REGISTER_SCONTROL, HV_REGISTER_SIMP, HV_REGISTER_SINT0 } from '../../../hypervisor/abi/synic.ts';
import { CHANNELMSG_REQUESTOFFERS, VMBUS_SINT } from '../../../hypervisor/abi/vmbus.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition, postMessage, setVpRegister } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const scratch = allocatePages(1);
  const outside = (<u64>memory.size()) << 16;
  const status = setVpRegister(scratch, HV_REGISTER_SIMP, outside | 1);
  consoleWrite(console, `message page beyond memory: status ${status}\n`);
  setVpRegister(scratch, HV_REGISTER_SINT0 + VMBUS_SINT, VMBUS_SINT);
  setVpRegister(scratch, HV_REGISTER_SCONTROL, 1);
  memory.fill(scratch, 0, 256);
  store<u32>(scratch, 1);
  store<u32>(scratch, 1, 8);
  store<u32>(scratch, 8, 12);
  store<u32>(scratch, CHANNELMSG_REQUESTOFFERS, 16);
  postMessage(scratch);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
