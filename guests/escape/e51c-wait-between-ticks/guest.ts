// Waits, each time from a tick of its clock on, for a time between this tick and the next, and says how often the wait
// was over while the clock still showed the tick that it began at.
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { idle, referenceTime } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';

const WAITS = 5;
/** 5 ms. */
const WAIT_TICKS: f64 = 50_000;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  let early = 0;
  for (let waits = 0; waits < WAITS; waits++) {
    const before = referenceTime();
    let tick = before;
    while (tick == before) tick = referenceTime();
    // A message that came ends a wait, too, and says nothing of the time.
    while (idle(tick + WAIT_TICKS) != 0) {}
    if (referenceTime() == tick) early++;
  }
  consoleWrite(console, `${early} of ${WAITS} waits were over between two ticks\n`);
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
