// Writes many small pieces of output, all of one letter: the boot argument `letter`, as a number. The pieces of a
// ringful leave together, more at a time than the root partition handles before it turns to somebody else.
import { CONSOLE_OUTPUT } from '../../../hypervisor/abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE } from '../../../hypervisor/abi/channels/services.ts';
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { openService } from '../../lib/partition.ts';
import { channelKick, channelQueue } from '../../lib/vmbus.ts';

/** With a frame's header, 64 bytes: frames of two partitions lie alike in a buffer. */
const PIECE_BYTES: u32 = 48;
const RING_PAGES: u32 = 48;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const page = allocatePages(1);
  readBootArguments(page);
  const ringfuls = <u32>bootArgumentNumber(page, 'ringfuls', 1);
  const console = openService(CHANNEL_SERVICE_CONSOLE, 'console', RING_PAGES, 1);
  const message = heap.alloc(PIECE_BYTES);
  memory.fill(message, <u8>bootArgumentNumber(page, 'letter', 0), PIECE_BYTES);
  store<u32>(message, CONSOLE_OUTPUT);
  for (let ringful: u32 = 0; ringful < ringfuls; ringful++) {
    while (channelQueue(console, 0, message, PIECE_BYTES)) {}
    channelKick(console);
  }
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
