// The root partition's wall time, by the clock service.
import { CLOCK_GET_TIME, CLOCK_REQUEST_BYTES } from '../../hypervisor/abi/channels/clock.ts';
import { CHANNEL_SERVICE_CLOCK } from '../../hypervisor/abi/channels/services.ts';
import { openService } from './partition.ts';
import { ringRead, ringRelease } from './ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  waitForPacket,
} from './vmbus.ts';

const ANSWER_BYTES: u32 = 16;
const message: usize = memory.data(16);

export function openWallClock(): usize {
  return openService(CHANNEL_SERVICE_CLOCK, 'clock', 1, 1);
}

/** Asks for the time and waits for it: Unix time in nanoseconds. */
export function wallTime(clock: usize): u64 {
  store<u64>(message, CLOCK_GET_TIME);
  channelQueue(clock, 1, message, CLOCK_REQUEST_BYTES);
  channelKick(clock);
  waitForPacket(clock);
  const ring = channelIncomingRing(clock);
  ringRead(ring, channelIncomingBytes(clock), 0, message, ANSWER_BYTES);
  ringRelease(ring, channelIncomingBytes(clock));
  return load<u64>(message);
}
