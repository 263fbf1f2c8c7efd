// Says on the console why a guest cannot be started.
import { HV_EXIT_MACHINE_FAULT } from '../../../../hypervisor/abi/hypercalls.ts';
import { consoleFlush, consolePrint } from '../console.ts';
import { endMachine } from '../machine-exit.ts';

/** Always false, so that callers can return it. */
export function bootFailure(message: string): bool {
  consolePrint('cofferdam: cannot start: ');
  consolePrint(message);
  consolePrint('\n');
  consoleFlush();
  endMachine(HV_EXIT_MACHINE_FAULT, 1);
  return false;
}
