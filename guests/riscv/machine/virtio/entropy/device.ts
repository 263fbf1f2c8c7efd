// virtio entropy device (virtio 1.3 §5.4) over the entropy channel: one request at a time.
//
//   own state  +0 busy | +4 head | +8 generation | +12 segments | +16 bytes asked for | +32 pointer, length pairs
import { ENTROPY_MAX_BYTES, ENTROPY_REQUEST_BYTES } from '../../../../../hypervisor/abi/channels/entropy.ts';
import { ringPayloadBytes, ringRead, ringRelease, ringTransaction } from '../../../../lib/ring.ts';
import {
  channelHasPacket,
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
} from '../../../../lib/vmbus.ts';
import { CHAIN_SCRATCH } from '../../devices/device-memory.ts';
import {
  CHANNEL,
  FEATURE_INDIRECT,
  FEATURE_VERSION_1,
  FEATURES,
  GENERATION,
  OWN,
  QUEUE_COUNT,
  TYPE,
  VIRTIO_ENTROPY,
  virtioDevice,
} from '../device-state.ts';
import {
  chainSegments,
  completeChain,
  isSegmentWritable,
  NO_CHAIN,
  noteWritten,
  segmentLength,
  segmentPointer,
  takeChain,
} from '../virtqueue.ts';

const BUSY: usize = OWN;
const HEAD: usize = OWN + 4;
const SEGMENTS: usize = OWN + 12;
const ASKED: usize = OWN + 16;
const LIST: usize = OWN + 32;

export function attachEntropy(index: u32, channel: usize): void {
  const device = virtioDevice(index);
  store<u32>(device + TYPE, VIRTIO_ENTROPY);
  store<u32>(device + CHANNEL, <u32>channel);
  store<u32>(device + QUEUE_COUNT, 1);
  store<u64>(device + FEATURES, FEATURE_VERSION_1 | FEATURE_INDIRECT);
}

export function resetEntropy(index: u32): void {
  store<u32>(virtioDevice(index) + BUSY, 0);
}

/** Asks for what the next chain has room for, unless a request is under way. */
export function notifyEntropy(index: u32): void {
  const device = virtioDevice(index);
  if (load<u32>(device + BUSY) != 0) return;
  const head = takeChain(index, 0);
  if (head == NO_CHAIN) return;
  let wanted: u32 = 0;
  let count: u32 = 0;
  for (let i: u32 = 0; i < chainSegments() && wanted < ENTROPY_MAX_BYTES; i++) {
    if (!isSegmentWritable(i)) continue;
    const length = min<u32>(segmentLength(i), ENTROPY_MAX_BYTES - wanted);
    store<u32>(device + LIST + ((<usize>count) << 3), <u32>segmentPointer(i));
    store<u32>(device + LIST + ((<usize>count) << 3), length, 4);
    wanted += length;
    count++;
  }
  if (wanted == 0) {
    completeChain(index, 0, <u32>head, 0);
    return;
  }
  store<u32>(device + HEAD, <u32>head);
  store<u32>(device + SEGMENTS, count);
  store<u32>(device + ASKED, wanted);
  store<u32>(CHAIN_SCRATCH, wanted);
  store<u32>(CHAIN_SCRATCH, 0, 4);
  const channel = <usize>load<u32>(device + CHANNEL);
  if (channelQueue(channel, load<u32>(device + GENERATION), CHAIN_SCRATCH, ENTROPY_REQUEST_BYTES)) {
    store<u32>(device + BUSY, 1);
    channelKick(channel);
  }
}

export function pollEntropy(index: u32): void {
  const device = virtioDevice(index);
  const channel = <usize>load<u32>(device + CHANNEL);
  while (channelHasPacket(channel)) {
    const ring = channelIncomingRing(channel);
    const ringBytes = channelIncomingBytes(channel);
    const isCurrent =
      ringTransaction(ring, ringBytes) == load<u32>(device + GENERATION) && load<u32>(device + BUSY) != 0;
    const length = min<u32>(ringPayloadBytes(ring), load<u32>(device + ASKED));
    if (isCurrent) scatter(device, ring, ringBytes, length);
    ringRelease(ring, ringBytes);
    if (!isCurrent) continue;
    store<u32>(device + BUSY, 0);
    completeChain(index, 0, load<u32>(device + HEAD), length);
    notifyEntropy(index);
  }
}

function scatter(device: usize, ring: usize, ringBytes: u32, length: u32): void {
  let done: u32 = 0;
  for (let i: u32 = 0; i < load<u32>(device + SEGMENTS) && done < length; i++) {
    const pointer = <usize>load<u32>(device + LIST + ((<usize>i) << 3));
    const part = min<u32>(load<u32>(device + LIST + ((<usize>i) << 3), 4), length - done);
    ringRead(ring, ringBytes, done, pointer, part);
    noteWritten(pointer, part);
    done += part;
  }
}
