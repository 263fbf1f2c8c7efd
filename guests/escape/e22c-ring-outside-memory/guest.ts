// Opens the clock's channel on a ring that begins where memory ends, and kicks it.
import { CHANNEL_SERVICE_CLOCK } from '../../../hypervisor/abi/channels/services.ts';
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import {
  CHANNELMSG_OPENCHANNEL,
  VMBUS_CONNECTION_ID,
  VMBUS_MESSAGE_TYPE,
} from '../../../hypervisor/abi/vmbus.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition, postMessage, signalEvent } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { vmbusRegion } from '../../lib/partition.ts';
import { findChannel, isChannelOpen, takeControlMessage } from '../../lib/vmbus.ts';

const OPEN_BYTES: u32 = 24;
const ROW_CONNECTION: usize = 8;
const WASM_PAGE_BYTES: u32 = 65_536;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const clock = findChannel(vmbusRegion(), CHANNEL_SERVICE_CLOCK, 'clock');
  const end = <u32>memory.size() * WASM_PAGE_BYTES;
  const input = allocatePages(1);
  store<u32>(input, VMBUS_CONNECTION_ID);
  store<u32>(input, VMBUS_MESSAGE_TYPE, 8);
  store<u32>(input, OPEN_BYTES, 12);
  store<u32>(input, CHANNELMSG_OPENCHANNEL, 16);
  store<u32>(input, load<u32>(clock), 24);
  store<u32>(input, end, 28);
  store<u32>(input, 2, 32);
  store<u32>(input, 2, 36);
  postMessage(input);
  while (takeControlMessage(vmbusRegion())) {}
  consoleWrite(
    console,
    `a ring at ${end}, where memory ends: ${isChannelOpen(clock) ? 'opened' : 'refused'}\n`,
  );
  if (isChannelOpen(clock)) signalEvent(load<u32>(clock + ROW_CONNECTION));
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
