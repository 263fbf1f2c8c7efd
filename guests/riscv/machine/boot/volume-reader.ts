// Reads a whole read-only volume (kernel, initramfs, ELF program) into sandbox memory through its storage channel,
// several requests in flight (abi/channels/storage.ts).
import { CHANNEL_SERVICE_STORAGE } from '../../../../hypervisor/abi/channels/services.ts';
import {
  STORAGE_ANSWER_HEADER_BYTES,
  STORAGE_MAX_TRANSFER_BYTES,
  STORAGE_QUERY,
  STORAGE_READ,
  STORAGE_REQUEST_HEADER_BYTES,
  STORAGE_STATUS_OK,
} from '../../../../hypervisor/abi/channels/storage.ts';
import { ringPayloadBytes, ringRead, ringRelease, ringTransaction } from '../../../lib/ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  waitForPacket,
} from '../../../lib/vmbus.ts';
import { CHAIN_SCRATCH } from '../devices/device-memory.ts';
import { openMachineChannel } from '../machine-channels.ts';

const OUT_PAGES: u32 = 1;
const IN_PAGES: u32 = 256;
const IN_FLIGHT: u32 = 6;

/** Opens the volume; 0 when it is not offered. */
export function openVolume(label: string): usize {
  return openMachineChannel(CHANNEL_SERVICE_STORAGE, label, OUT_PAGES, IN_PAGES);
}

/** Writes a request header at `header` (STORAGE_REQUEST_HEADER_BYTES bytes). */
export function putStorageRequest(header: usize, operation: u32, offset: u64, length: u32): void {
  store<u32>(header, operation);
  store<u32>(header, 0, 4);
  store<u64>(header, offset, 8);
  store<u32>(header, length, 16);
  store<u32>(header, 0, 20);
}

/** The volume's capacity in bytes, 0 when it does not answer properly. */
export function volumeBytes(channel: usize): u64 {
  putStorageRequest(CHAIN_SCRATCH, STORAGE_QUERY, 0, 0);
  if (!channelQueue(channel, 0, CHAIN_SCRATCH, STORAGE_REQUEST_HEADER_BYTES)) return 0;
  channelKick(channel);
  waitForPacket(channel);
  const ring = channelIncomingRing(channel);
  const ringBytes = channelIncomingBytes(channel);
  let capacity: u64 = 0;
  if (ringPayloadBytes(ring) >= 16) {
    ringRead(ring, ringBytes, 0, CHAIN_SCRATCH, 16);
    if (load<u32>(CHAIN_SCRATCH) == STORAGE_STATUS_OK) capacity = load<u64>(CHAIN_SCRATCH, 8);
  }
  ringRelease(ring, ringBytes);
  return capacity;
}

/** Reads `length` bytes from `offset` (a multiple of 512) to `target`; false when any part failed. */
export function readVolume(channel: usize, offset: u64, length: u32, target: usize): bool {
  let asked: u32 = 0;
  let inFlight: u32 = 0;
  let isGood = true;
  while (asked < length || inFlight > 0) {
    if (asked < length && inFlight < IN_FLIGHT) {
      const chunk = min<u32>(STORAGE_MAX_TRANSFER_BYTES, length - asked);
      putStorageRequest(CHAIN_SCRATCH, STORAGE_READ, offset + asked, chunk);
      if (!channelQueue(channel, asked, CHAIN_SCRATCH, STORAGE_REQUEST_HEADER_BYTES)) return false;
      asked += chunk;
      inFlight++;
      if (asked < length && inFlight < IN_FLIGHT) continue;
      channelKick(channel);
    }
    waitForPacket(channel);
    isGood = takeAnswer(channel, length, target) && isGood;
    inFlight--;
  }
  return isGood;
}

/** Copies one answer to its place, which its transaction id names. */
function takeAnswer(channel: usize, length: u32, target: usize): bool {
  const ring = channelIncomingRing(channel);
  const ringBytes = channelIncomingBytes(channel);
  const at = <u32>ringTransaction(ring, ringBytes);
  const payload = ringPayloadBytes(ring);
  const expected = at < length ? min<u32>(STORAGE_MAX_TRANSFER_BYTES, length - at) : 0;
  let isGood = payload == STORAGE_ANSWER_HEADER_BYTES + expected && expected > 0;
  if (isGood) {
    ringRead(ring, ringBytes, 0, CHAIN_SCRATCH, STORAGE_ANSWER_HEADER_BYTES);
    isGood = load<u32>(CHAIN_SCRATCH) == STORAGE_STATUS_OK;
    if (isGood) ringRead(ring, ringBytes, STORAGE_ANSWER_HEADER_BYTES, target + at, expected);
  }
  ringRelease(ring, ringBytes);
  return isGood;
}
