// Asks the clock service for the time several times, and says what is left of each answer below a millisecond.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { openWallClock, wallTime } from '../../lib/wall-clock.ts';

const QUESTIONS = 8;
const NS_PER_MS: u64 = 1_000_000;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const clock = openWallClock();
  for (let question = 0; question < QUESTIONS; question++)
    consoleWrite(console, `${wallTime(clock) % NS_PER_MS} `);
  consoleWrite(console, 'ns below the millisecond\n');
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
