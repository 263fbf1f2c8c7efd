// Writes as many MiB to the console as the boot argument `count` says, then waits to be stopped.
import { CONSOLE_HEADER_BYTES, CONSOLE_OUTPUT } from '../../../hypervisor/abi/channels/console.ts';
import { CHANNEL_SERVICE_CONSOLE } from '../../../hypervisor/abi/channels/services.ts';
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { openService } from '../../lib/partition.ts';
import { channelKick, channelQueue } from '../../lib/vmbus.ts';

const CHUNK_BYTES: u32 = 65_536;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const page = allocatePages(1);
  readBootArguments(page);
  const chunks = <u32>bootArgumentNumber(page, 'count', 0) * 16;
  const console = openService(CHANNEL_SERVICE_CONSOLE, 'console', 64, 1);
  const message = heap.alloc(CONSOLE_HEADER_BYTES + CHUNK_BYTES);
  store<u32>(message, CONSOLE_OUTPUT);
  memory.fill(message + CONSOLE_HEADER_BYTES, 0x78, CHUNK_BYTES);
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    while (!channelQueue(console, 0, message, CONSOLE_HEADER_BYTES + CHUNK_BYTES)) channelKick(console);
    channelKick(console);
  }
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
