// The machine's channels: connects to the VMBus once, opens channels on rings in the devices' region.
import { findChannel, openChannel, vmbusConnect } from '../../lib/vmbus.ts';
import { allocateRings, VMBUS_REGION } from './devices/device-memory.ts';

export function connectMachine(): bool {
  return vmbusConnect(VMBUS_REGION);
}

/** Opens a channel with `outPages` and `inPages` data pages; 0 when it is not offered or refused. */
export function openMachineChannel(service: u32, label: string, outPages: u32, inPages: u32): usize {
  const channel = findChannel(VMBUS_REGION, service, label);
  if (channel == 0) return 0;
  const rings = allocateRings(outPages + inPages + 2);
  if (rings == 0) return 0;
  return openChannel(VMBUS_REGION, channel, rings, outPages, inPages) ? channel : 0;
}
