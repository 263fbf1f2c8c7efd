// Says hello on the console and powers the partition off: the smallest guest there is.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  consoleWrite(console, 'Hello from a partition that can reach nothing but its own memory.\n');
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
