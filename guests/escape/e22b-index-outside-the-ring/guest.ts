// Fills the console's ring with packets and moves the write index to where no packet ends, so that a reader that
// follows it goes around the ring for ever.
import { CONSOLE_OUTPUT } from '../../../hypervisor/abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE } from '../../../hypervisor/abi/channels/services.ts';
import { HV_EXIT_POWER_OFF, HV_PAGE_SIZE, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { RING_WRITE_INDEX, VM_PKT_DATA_INBAND } from '../../../hypervisor/abi/vmbus.ts';
import { exitPartition, signalEvent } from '../../lib/hypercalls.ts';
import { openService } from '../../lib/partition.ts';

// Of a channel's row (guests/lib/vmbus.ts).
const ROW_CONNECTION: usize = 8;
const ROW_RING: usize = 44;
const PACKET_BYTES: u32 = 32;
const PAYLOAD_BYTES: u32 = 16;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = openService(CHANNEL_SERVICE_CONSOLE, 'console', 1, 1);
  const ring = <usize>load<u32>(console + ROW_RING);
  for (let at: u32 = 0; at < HV_PAGE_SIZE; at += PACKET_BYTES) {
    const packet = ring + HV_PAGE_SIZE + at;
    store<u32>(packet, VM_PKT_DATA_INBAND);
    store<u32>(packet, PAYLOAD_BYTES, 4);
    memory.fill(packet + 16, 0x2e, PAYLOAD_BYTES);
    store<u32>(packet + 16, CONSOLE_OUTPUT);
  }
  atomic.store<u32>(ring + RING_WRITE_INDEX, 0xffff_fff8);
  signalEvent(load<u32>(console + ROW_CONNECTION));
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
