// A guest that reads every clock it can reach, over and over, and ends with power-off when all that it saw were
// multiples of its boot argument `ticks` (of 100 ns): reference time by import and by register, the time at which
// `idle` lets it go on, and the root partition's clock.
import { bootArgumentNumber, readBootArguments } from '../../../guests/lib/boot-arguments.ts';
import { hypercall, idle, referenceTime } from '../../../guests/lib/hv.ts';
import { exitPartition } from '../../../guests/lib/hypercalls.ts';
import { allocatePages } from '../../../guests/lib/memory-pages.ts';
import { openService } from '../../../guests/lib/partition.ts';
import { ringRead, ringRelease } from '../../../guests/lib/ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  waitForPacket,
} from '../../../guests/lib/vmbus.ts';
import { CLOCK_ANSWER_BYTES, CLOCK_GET_TIME, CLOCK_REQUEST_BYTES } from '../../abi/channels/clock.ts';
import { CHANNEL_SERVICE_CLOCK } from '../../abi/channels/services.ts';
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_VP_HALTED,
  HVCALL_GET_VP_REGISTERS,
} from '../../abi/hypercalls.ts';
import { HV_REGISTER_TIME_REF_COUNT, HV_VP_INDEX_SELF } from '../../abi/synic.ts';

const ROUNDS: i32 = 200;
const ONE_REP: u32 = 1;
const NS_PER_TICK: u64 = 100;

function registerTime(page: usize): u64 {
  store<i64>(page, -1);
  store<u32>(page, HV_VP_INDEX_SELF, 8);
  store<u32>(page, 0, 12);
  store<u32>(page, HV_REGISTER_TIME_REF_COUNT, 16);
  hypercall(HVCALL_GET_VP_REGISTERS, ONE_REP, <u32>page, 0, <u32>page + 1024, 0);
  return load<u64>(page, 1024);
}

function wallTimeNs(clock: usize, page: usize): u64 {
  store<u64>(page, CLOCK_GET_TIME);
  channelQueue(clock, 1, page, CLOCK_REQUEST_BYTES);
  channelKick(clock);
  waitForPacket(clock);
  ringRead(channelIncomingRing(clock), channelIncomingBytes(clock), 0, page, CLOCK_ANSWER_BYTES);
  ringRelease(channelIncomingRing(clock), channelIncomingBytes(clock));
  return load<u64>(page);
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const page = allocatePages(1);
  readBootArguments(page);
  const ticks = <u64>bootArgumentNumber(page, 'ticks', 1);
  const clock = openService(CHANNEL_SERVICE_CLOCK, 'clock', 1, 1);
  let isCoarse = clock != 0;
  for (let round: i32 = 0; round < ROUNDS && isCoarse; round++) {
    // Not a multiple of the granularity, and not far away.
    const deadline = referenceTime() + <f64>(ticks >> 2) + 1;
    while (referenceTime() < deadline) idle(deadline);
    isCoarse =
      <u64>referenceTime() % ticks == 0 &&
      registerTime(page) % ticks == 0 &&
      wallTimeNs(clock, page) % (ticks * NS_PER_TICK) == 0;
  }
  exitPartition(isCoarse ? HV_EXIT_POWER_OFF : HV_EXIT_GUEST_FAILURE, isCoarse ? 0 : 1);
  return HV_VP_HALTED;
}
