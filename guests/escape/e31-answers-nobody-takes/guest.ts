// Asks the clock, in a form that is answered with no bytes, as often as the boot argument `count` says, and takes none
// of the answers.
import { CHANNEL_SERVICE_CLOCK } from '../../../hypervisor/abi/channels/services.ts';
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { openService } from '../../lib/partition.ts';
import { channelKick, channelQueue } from '../../lib/vmbus.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const page = allocatePages(1);
  readBootArguments(page);
  const count = <u32>bootArgumentNumber(page, 'count', 0);
  const clock = openService(CHANNEL_SERVICE_CLOCK, 'clock', 64, 1);
  const question = allocatePages(1);
  for (let asked: u32 = 0; asked < count; asked++) {
    while (!channelQueue(clock, asked, question, 8)) channelKick(clock);
  }
  channelKick(clock);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
