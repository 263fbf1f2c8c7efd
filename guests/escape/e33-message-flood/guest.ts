// Posts as many messages as the boot argument `count` says, as fast as it can, along its one connection.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { HV_MESSAGE_MAX_PAYLOAD } from '../../../hypervisor/abi/synic.ts';
import { PORT_CONNECTION_BASE } from '../../../hypervisor/abi/vmbus.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { exitPartition, postMessage } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const page = allocatePages(1);
  readBootArguments(page);
  const count = <u32>bootArgumentNumber(page, 'count', 0);
  const input = allocatePages(1);
  store<u32>(input, PORT_CONNECTION_BASE);
  store<u32>(input, 77, 8);
  store<u32>(input, HV_MESSAGE_MAX_PAYLOAD, 12);
  for (let sent: u32 = 0; sent < count; sent++) postMessage(input);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
