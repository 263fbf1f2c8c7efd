// What most unikernels do first: connect to the VMBus, find a channel by service and label, open it.
import { allocatePages } from './memory-pages.ts';
import { findChannel, openChannel, VMBUS_REGION_BYTES, vmbusConnect } from './vmbus.ts';

let region: usize = 0;

/** The VMBus region of this unikernel; the first call connects. */
export function vmbusRegion(): usize {
  if (region == 0) {
    region = allocatePages(VMBUS_REGION_BYTES >> 12);
    vmbusConnect(region);
  }
  return region;
}

/** Opens the channel with `outPages` and `inPages` data pages; 0 when it is not offered or refused. */
export function openService(service: u32, label: string, outPages: u32, inPages: u32): usize {
  const bus = vmbusRegion();
  const channel = findChannel(bus, service, label);
  if (channel == 0) return 0;
  const ring = allocatePages(outPages + inPages + 2);
  return openChannel(bus, channel, ring, outPages, inPages) ? channel : 0;
}
