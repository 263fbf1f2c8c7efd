// Asks the clock service for the time several times, and says what is left of each answer below a millisecond.
import { CLOCK_GET_TIME, CLOCK_REQUEST_BYTES } from '../../../hypervisor/abi/channels/clock.ts';
import { CHANNEL_SERVICE_CLOCK } from '../../../hypervisor/abi/channels/services.ts';
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
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

const QUESTIONS = 8;
const NS_PER_MS: u64 = 1_000_000;

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const clock = openService(CHANNEL_SERVICE_CLOCK, 'clock', 1, 1);
  const message = heap.alloc(16);
  for (let question = 0; question < QUESTIONS; question++) {
    store<u32>(message, CLOCK_GET_TIME);
    store<u32>(message, 0, 4);
    channelQueue(clock, question, message, CLOCK_REQUEST_BYTES);
    channelKick(clock);
    waitForPacket(clock);
    const ring = channelIncomingRing(clock);
    ringRead(ring, channelIncomingBytes(clock), 0, message, 16);
    ringRelease(ring, channelIncomingBytes(clock));
    consoleWrite(console, `${load<u64>(message) % NS_PER_MS} `);
  }
  consoleWrite(console, 'ns below the millisecond\n');
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
