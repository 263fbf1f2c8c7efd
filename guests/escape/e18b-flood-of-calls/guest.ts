// Makes the hypercall that does least as often as the boot argument `count` says.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { exitPartition, notifyLongSpinWait } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const page = allocatePages(1);
  readBootArguments(page);
  const count = <u32>bootArgumentNumber(page, 'count', 0);
  for (let made: u32 = 0; made < count; made++) notifyLongSpinWait();
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
