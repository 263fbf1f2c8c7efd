// Resets as soon as it has opened its console.
import { HV_EXIT_RESET, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  consoleOpen();
  exitPartition(HV_EXIT_RESET, 0);
  return HV_VP_HALTED;
}
