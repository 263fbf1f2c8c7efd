// Tells the time: asks the root partition's clock once, then ticks five times, asleep in between, by reference time.
import {
  CLOCK_ANSWER_BYTES,
  CLOCK_GET_TIME,
  CLOCK_REQUEST_BYTES,
} from '../../../hypervisor/abi/channels/clock.ts';
import { CHANNEL_SERVICE_CLOCK } from '../../../hypervisor/abi/channels/services.ts';
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
} from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { idle, referenceTime } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { openService } from '../../lib/partition.ts';
import { ringRead, ringRelease } from '../../lib/ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  waitForPacket,
} from '../../lib/vmbus.ts';

const TICKS_PER_MS: f64 = 10_000;
const TICK_MS: f64 = 20;

function unixSeconds(): u64 {
  const clock = openService(CHANNEL_SERVICE_CLOCK, 'clock', 1, 1);
  if (clock == 0) return 0;
  const message = heap.alloc(CLOCK_ANSWER_BYTES);
  store<u64>(message, CLOCK_GET_TIME);
  channelQueue(clock, 1, message, CLOCK_REQUEST_BYTES);
  channelKick(clock);
  waitForPacket(clock);
  ringRead(channelIncomingRing(clock), channelIncomingBytes(clock), 0, message, CLOCK_ANSWER_BYTES);
  ringRelease(channelIncomingRing(clock), channelIncomingBytes(clock));
  return load<u64>(message) / 1_000_000_000;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  consoleWrite(console, `It is ${unixSeconds()} seconds past the epoch.\n`);
  let late: f64 = 0;
  for (let tick: i32 = 1; tick <= 5; tick++) {
    const deadline = referenceTime() + TICK_MS * TICKS_PER_MS;
    // A message may wake the VP early; the deadline is what counts.
    while (referenceTime() < deadline) idle(deadline);
    late = max(late, referenceTime() - deadline);
    consoleWrite(console, `tick ${tick}\n`);
  }
  const isOnTime = late < 1000 * TICKS_PER_MS;
  consoleWrite(console, `the latest tick came ${<i32>(late / 10)} microseconds late\n`);
  exitPartition(isOnTime ? HV_EXIT_POWER_OFF : HV_EXIT_GUEST_FAILURE, isOnTime ? 0 : 1);
  return HV_VP_HALTED;
}
