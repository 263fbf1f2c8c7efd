// Opens channel 2117, of 63: the number under which the hypervisor's own queue of messages would be read as a channel,
// one that is offered.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import {
  CHANNELMSG_OPENCHANNEL,
  VMBUS_CONNECTION_ID,
  VMBUS_MESSAGE_TYPE,
} from '../../../hypervisor/abi/vmbus.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition, postMessage } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

const CHANNEL: u32 = 2117;
const OPEN_BYTES: u32 = 24;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const input = allocatePages(1);
  store<u32>(input, VMBUS_CONNECTION_ID);
  store<u32>(input, VMBUS_MESSAGE_TYPE, 8);
  store<u32>(input, OPEN_BYTES, 12);
  store<u32>(input, CHANNELMSG_OPENCHANNEL, 16);
  store<u32>(input, CHANNEL, 24);
  store<u32>(input, <u32>allocatePages(4), 28);
  store<u32>(input, 2, 32);
  store<u32>(input, 2, 36);
  consoleWrite(console, `opening channel ${CHANNEL}\n`);
  const status = postMessage(input) & 0xffff;
  consoleWrite(console, `open channel ${CHANNEL}: status ${status}\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
