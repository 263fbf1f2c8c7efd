// Lays the clock's incoming ring over the console's outgoing one, so that an answer of the clock's puts another length
// into a packet that waits for the console:
//
//   console, outgoing data   0          packet of 131,136 bytes   ┐ a VP's outbox takes these two, and has to be
//                            131,152    packet of 130,984 bytes   ┘ emptied before the next
//                            262,144    page P  = the clock's incoming data
//                            262,152    packet of 4,096 bytes: its length is the answer's transaction, high half
//
// Publishes code, which it may not, as a sign that it is about to signal the console. Ends well when the signal came back
// and the length has changed.

import { CLOCK_GET_TIME, CLOCK_REQUEST_BYTES } from '../../../hypervisor/abi/channels/clock.ts';
import { CHANNEL_SERVICE_CLOCK, CHANNEL_SERVICE_CONSOLE } from '../../../hypervisor/abi/channels/services.ts';
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_PAGE_SIZE,
  HV_VP_HALTED,
} from '../../../hypervisor/abi/hypercalls.ts';
import { RING_WRITE_INDEX, VM_PKT_DATA_INBAND } from '../../../hypervisor/abi/vmbus.ts';
import { exitPartition, publishCode } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { vmbusRegion } from '../../lib/partition.ts';
import { channelKick, channelQueue, findChannel, openChannel } from '../../lib/vmbus.ts';

const OUT_PAGES: u32 = 66;
const SHARED_PAGE: u32 = 64;
const HEADER_BYTES: u32 = 16;
const FIRST: u32 = 131_136;
const SECOND: u32 = 130_984;
const THIRD: u32 = 4096;
/** Of the changed packet: more than there is memory in the partition. */
const ANOTHER_LENGTH: u32 = 0x7fff_fff0;

function putPacket(data: usize, at: u32, payloadBytes: u32): u32 {
  store<u32>(data + at, VM_PKT_DATA_INBAND);
  store<u32>(data + at, payloadBytes, 4);
  return at + HEADER_BYTES + payloadBytes;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const bus = vmbusRegion();
  const console = findChannel(bus, CHANNEL_SERVICE_CONSOLE, 'console');
  const clock = findChannel(bus, CHANNEL_SERVICE_CLOCK, 'clock');
  const ring = allocatePages(OUT_PAGES + 3);
  const data = ring + HV_PAGE_SIZE;
  openChannel(bus, console, ring, OUT_PAGES, 1);
  // Its four pages: outgoing control and data, incoming control and data.
  openChannel(bus, clock, data + (SHARED_PAGE - 3) * HV_PAGE_SIZE, 1, 1);
  const request = allocatePages(1);
  store<u32>(request, CLOCK_GET_TIME);
  const transaction = ((<u64>ANOTHER_LENGTH) << 32) | VM_PKT_DATA_INBAND;
  channelQueue(clock, transaction, request, CLOCK_REQUEST_BYTES);
  channelKick(clock);
  const third = putPacket(data, putPacket(data, 0, FIRST), SECOND);
  const end = putPacket(data, third, THIRD);
  atomic.store<u32>(ring + RING_WRITE_INDEX, end);
  publishCode(request, 0, 0);
  channelKick(console);
  const hasChanged = load<u32>(data + third, 4) == ANOTHER_LENGTH;
  exitPartition(hasChanged ? HV_EXIT_POWER_OFF : HV_EXIT_GUEST_FAILURE, hasChanged ? 0 : 1);
  return HV_VP_HALTED;
}
