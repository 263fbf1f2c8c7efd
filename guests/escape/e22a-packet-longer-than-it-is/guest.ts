// Puts a packet into the clock's ring that says it is longer than what the ring holds. Says what the hypervisor answers.
import { CHANNEL_SERVICE_CLOCK } from '../../../hypervisor/abi/channels/services.ts';
import { HV_EXIT_POWER_OFF, HV_PAGE_SIZE, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { RING_WRITE_INDEX, VM_PKT_DATA_INBAND } from '../../../hypervisor/abi/vmbus.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition, signalEvent } from '../../lib/hypercalls.ts';
import { openService } from '../../lib/partition.ts';

// Of a channel's row (guests/lib/vmbus.ts).
const ROW_CONNECTION: usize = 8;
const ROW_RING: usize = 44;
/** One page of ring. This much more than its 24 bytes wraps around it once, to where the packet really ends. */
const CLAIMED_BYTES: u32 = 4104;
const PRESENT_BYTES: u32 = 24;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const clock = openService(CHANNEL_SERVICE_CLOCK, 'clock', 1, 1);
  const ring = <usize>load<u32>(clock + ROW_RING);
  const packet = ring + HV_PAGE_SIZE;
  store<u32>(packet, VM_PKT_DATA_INBAND);
  store<u32>(packet, CLAIMED_BYTES, 4);
  store<u64>(packet, 1, 8);
  atomic.store<u32>(ring + RING_WRITE_INDEX, PRESENT_BYTES);
  const status = signalEvent(load<u32>(clock + ROW_CONNECTION)) & 0xffff;
  consoleWrite(console, `${CLAIMED_BYTES} bytes claimed, ${PRESENT_BYTES} in the ring: status ${status}\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
