// Block storage for unikernels (abi/channels/storage.ts): one request at a time, waiting for its answer.
import { CHANNEL_SERVICE_STORAGE } from '../../hypervisor/abi/channels/services.ts';
import {
  STORAGE_ANSWER_HEADER_BYTES,
  STORAGE_FLUSH,
  STORAGE_QUERY,
  STORAGE_READ,
  STORAGE_REQUEST_HEADER_BYTES,
  STORAGE_STATUS_INVALID,
  STORAGE_WRITE,
} from '../../hypervisor/abi/channels/storage.ts';
import { openService } from './partition.ts';
import { ringPayloadBytes, ringRead, ringRelease } from './ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  waitForPacket,
} from './vmbus.ts';

const RING_PAGES: u32 = 40;
let header: usize = 0;

/** Opens the volume with this label ("disk0", …); 0 when it is not offered. */
export function storageOpen(label: string): usize {
  if (header == 0) header = heap.alloc(64);
  return openService(CHANNEL_SERVICE_STORAGE, label, RING_PAGES, RING_PAGES);
}

/** Makes a request and returns STORAGE_STATUS_*; up to `answerBytes` of what follows the status go to `answer`. */
function request(
  volume: usize,
  operation: u32,
  offset: u64,
  length: u32,
  data: usize,
  answer: usize,
  answerBytes: u32,
): u32 {
  store<u32>(header, operation);
  store<u32>(header, 0, 4);
  store<u64>(header, offset, 8);
  store<u32>(header, length, 16);
  store<u32>(header, 0, 20);
  const body = operation == STORAGE_WRITE ? length : 0;
  if (!channelQueue(volume, 1, header, STORAGE_REQUEST_HEADER_BYTES, data, body))
    return STORAGE_STATUS_INVALID;
  channelKick(volume);
  waitForPacket(volume);
  const ring = channelIncomingRing(volume);
  const ringBytes = channelIncomingBytes(volume);
  const payload = ringPayloadBytes(ring);
  let status = STORAGE_STATUS_INVALID;
  if (payload >= STORAGE_ANSWER_HEADER_BYTES) {
    ringRead(ring, ringBytes, 0, header, STORAGE_ANSWER_HEADER_BYTES);
    status = load<u32>(header);
    const bytes = min<u32>(answerBytes, payload - STORAGE_ANSWER_HEADER_BYTES);
    if (bytes > 0) ringRead(ring, ringBytes, STORAGE_ANSWER_HEADER_BYTES, answer, bytes);
  }
  ringRelease(ring, ringBytes);
  return status;
}

/** Capacity of the volume in bytes, 0 when it cannot be learnt. */
export function storageCapacity(volume: usize): u64 {
  const properties = header + 32;
  return request(volume, STORAGE_QUERY, 0, 0, 0, properties, 24) == 0 ? load<u64>(properties) : 0;
}

/** Reads `length` bytes (a multiple of 512, at most 128 KiB) from `offset` to `target`; returns STORAGE_STATUS_*. */
export function storageRead(volume: usize, offset: u64, target: usize, length: u32): u32 {
  return request(volume, STORAGE_READ, offset, length, 0, target, length);
}

/** Writes likewise. */
export function storageWrite(volume: usize, offset: u64, source: usize, length: u32): u32 {
  return request(volume, STORAGE_WRITE, offset, length, source, 0, 0);
}

/** Returns when everything written is durable. */
export function storageFlush(volume: usize): u32 {
  return request(volume, STORAGE_FLUSH, 0, 0, 0, 0, 0);
}
