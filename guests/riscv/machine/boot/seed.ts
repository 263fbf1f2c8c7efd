// Entropy and wall-clock time that the machine asks for once, at start (abi/channels/{entropy,clock}.ts).
import {
  CLOCK_ANSWER_BYTES,
  CLOCK_GET_TIME,
  CLOCK_REQUEST_BYTES,
} from '../../../../hypervisor/abi/channels/clock.ts';
import { ENTROPY_REQUEST_BYTES } from '../../../../hypervisor/abi/channels/entropy.ts';
import {
  CHANNEL_SERVICE_CLOCK,
  CHANNEL_SERVICE_ENTROPY,
} from '../../../../hypervisor/abi/channels/services.ts';
import { ringPayloadBytes, ringRead, ringRelease } from '../../../lib/ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  closeChannel,
  waitForPacket,
} from '../../../lib/vmbus.ts';
import { CHAIN_SCRATCH, VMBUS_REGION } from '../devices/device-memory.ts';
import { rtcSetEpoch } from '../devices/rtc/device.ts';
import { readTime } from '../hart/time.ts';
import { openMachineChannel } from '../machine-channels.ts';

export const SEED_BYTES: u32 = 64;
const TICK_NS: u64 = 100;
const SEED: usize = CHAIN_SCRATCH + 0x800;

/** Makes one request of two words and copies `bytes` of its answer to CHAIN_SCRATCH; false when it is shorter. */
function ask(channel: usize, word: u32, requestBytes: u32, bytes: u32): bool {
  store<u32>(CHAIN_SCRATCH, word);
  store<u32>(CHAIN_SCRATCH, 0, 4);
  if (!channelQueue(channel, 0, CHAIN_SCRATCH, requestBytes)) return false;
  channelKick(channel);
  waitForPacket(channel);
  const ring = channelIncomingRing(channel);
  const isWhole = ringPayloadBytes(ring) >= bytes;
  if (isWhole) ringRead(ring, channelIncomingBytes(channel), 0, CHAIN_SCRATCH, bytes);
  ringRelease(ring, channelIncomingBytes(channel));
  return isWhole;
}

/** Address of SEED_BYTES random bytes; 0 without an entropy channel. The virtio device opens the channel again. */
export function readSeed(): usize {
  const channel = openMachineChannel(CHANNEL_SERVICE_ENTROPY, 'entropy', 1, 1);
  if (channel == 0) return 0;
  const isRead = ask(channel, SEED_BYTES, ENTROPY_REQUEST_BYTES, SEED_BYTES);
  closeChannel(VMBUS_REGION, channel);
  // Moved to where no later request of the set-up writes over it.
  memory.copy(SEED, CHAIN_SCRATCH, SEED_BYTES);
  memory.fill(CHAIN_SCRATCH, 0, SEED_BYTES);
  return isRead ? SEED : 0;
}

/** Sets the RTC from the root partition's clock. */
export function setClock(): void {
  const channel = openMachineChannel(CHANNEL_SERVICE_CLOCK, 'clock', 1, 1);
  if (channel == 0 || !ask(channel, CLOCK_GET_TIME, CLOCK_REQUEST_BYTES, CLOCK_ANSWER_BYTES)) return;
  rtcSetEpoch(load<u64>(CHAIN_SCRATCH) - readTime() * TICK_NS);
  closeChannel(VMBUS_REGION, channel);
}
