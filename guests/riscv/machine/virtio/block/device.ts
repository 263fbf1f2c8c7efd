// virtio block device (virtio 1.3 §5.2) over a storage channel (abi/channels/storage.ts). A driver's request becomes
// channel requests of at most STORAGE_MAX_TRANSFER_BYTES, several under way at once, answered in any order.
//
// A channel request's transaction id: row in bits 7..0, device generation in 31..8, offset within the data above.

import {
  STORAGE_ANSWER_HEADER_BYTES,
  STORAGE_DISCARD,
  STORAGE_FLAG_DISCARD,
  STORAGE_FLAG_READ_ONLY,
  STORAGE_FLUSH,
  STORAGE_MAX_TRANSFER_BYTES,
  STORAGE_QUERY,
  STORAGE_QUERY_ANSWER_BYTES,
  STORAGE_READ,
  STORAGE_REQUEST_HEADER_BYTES,
  STORAGE_STATUS_OK,
  STORAGE_WRITE,
  STORAGE_WRITE_ZEROES,
} from '../../../../../hypervisor/abi/channels/storage.ts';
import { HV_PAGE_SIZE } from '../../../../../hypervisor/abi/hypercalls.ts';
import { ringPayloadBytes, ringRead, ringRelease, ringTransaction } from '../../../../lib/ring.ts';
import {
  channelHasPacket,
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  waitForPacket,
} from '../../../../lib/vmbus.ts';
import { putStorageRequest } from '../../boot/volume-reader.ts';
import { allocateRings, CHAIN_SCRATCH } from '../../devices/device-memory.ts';
import {
  CHANNEL,
  CONFIG,
  CONFIG_BYTES,
  FEATURE_INDIRECT,
  FEATURE_VERSION_1,
  FEATURES,
  GENERATION,
  OWN,
  QUEUE_COUNT,
  TYPE,
  VIRTIO_BLOCK,
  virtioDevice,
} from '../device-state.ts';
import {
  CHAIN_READABLE,
  CHAIN_WRITABLE,
  chainSegments,
  completeChain,
  isSegmentWritable,
  NO_CHAIN,
  needsReset,
  noteWritten,
  readChain,
  segmentLength,
  segmentPointer,
  takeChain,
} from '../virtqueue.ts';
import {
  BLOCK_CONFIG_BYTES,
  CONFIG_BLOCK_SIZE,
  CONFIG_CAPACITY,
  CONFIG_DISCARD_ALIGNMENT,
  CONFIG_DISCARD_SECTORS,
  CONFIG_DISCARD_SEGMENTS,
  CONFIG_SEG_MAX,
  CONFIG_ZEROES_SECTORS,
  CONFIG_ZEROES_SEGMENTS,
  CONFIG_ZEROES_UNMAP,
  FEATURE_BLOCK_SIZE,
  FEATURE_DISCARD,
  FEATURE_FLUSH,
  FEATURE_READ_ONLY,
  FEATURE_SEG_MAX,
  FEATURE_WRITE_ZEROES,
  HEADER_BYTES,
  ID_BYTES,
  MAX_RANGE_SECTORS,
  RANGE_BYTES,
  REQUEST_DISCARD,
  REQUEST_FLUSH,
  REQUEST_GET_ID,
  REQUEST_IN,
  REQUEST_OUT,
  REQUEST_WRITE_ZEROES,
  SECTOR_SHIFT,
  SEG_MAX,
  STATUS_IO_ERROR,
  STATUS_OK,
  STATUS_UNSUPPORTED,
} from './config.ts';
import {
  ASKED,
  AWAITED,
  addRequestSegment,
  BUSY,
  DATA_BYTES,
  FAILED,
  freeRow,
  gather,
  HEAD,
  MAX_SEGMENTS,
  OFFSET,
  OPERATION,
  REQUESTS,
  requestLength,
  requestPointer,
  requestRow,
  SEGMENTS,
  STATUS_POINTER,
  WRITTEN,
} from './requests.ts';

/** Own state: capacity in bytes u64, then a buffer for outgoing data. */
const CAPACITY: usize = OWN;
const BUFFER: usize = OWN + 8;
const GENERATION_MASK: u32 = 0xff_ffff;

/** Asks the volume for its properties; false when it does not answer properly. Called before the guest runs. */
export function attachBlock(index: u32, channel: usize): bool {
  const device = virtioDevice(index);
  putStorageRequest(CHAIN_SCRATCH, STORAGE_QUERY, 0, 0);
  if (!channelQueue(channel, 0, CHAIN_SCRATCH, STORAGE_REQUEST_HEADER_BYTES)) return false;
  channelKick(channel);
  waitForPacket(channel);
  const ring = channelIncomingRing(channel);
  const isAnswer = ringPayloadBytes(ring) == STORAGE_QUERY_ANSWER_BYTES;
  if (isAnswer) ringRead(ring, channelIncomingBytes(channel), 0, CHAIN_SCRATCH, ringPayloadBytes(ring));
  ringRelease(ring, channelIncomingBytes(channel));
  if (!isAnswer || load<u32>(CHAIN_SCRATCH) != STORAGE_STATUS_OK) return false;
  const buffer = allocateRings(STORAGE_MAX_TRANSFER_BYTES / HV_PAGE_SIZE);
  if (buffer == 0) return false;
  const capacity = load<u64>(CHAIN_SCRATCH, 8);
  store<u32>(device + BUFFER, <u32>buffer);
  store<u64>(device + CAPACITY, capacity);
  store<u32>(device + TYPE, VIRTIO_BLOCK);
  store<u32>(device + CHANNEL, <u32>channel);
  store<u32>(device + QUEUE_COUNT, 1);
  store<u32>(device + CONFIG_BYTES, BLOCK_CONFIG_BYTES);
  setFeatures(device, load<u32>(CHAIN_SCRATCH, 24));
  setConfig(device + CONFIG, capacity);
  return true;
}

function setFeatures(device: usize, flags: u32): void {
  let features = FEATURE_VERSION_1 | FEATURE_INDIRECT | FEATURE_SEG_MAX | FEATURE_BLOCK_SIZE | FEATURE_FLUSH;
  if ((flags & STORAGE_FLAG_READ_ONLY) != 0) features |= FEATURE_READ_ONLY;
  else features |= FEATURE_WRITE_ZEROES | ((flags & STORAGE_FLAG_DISCARD) != 0 ? FEATURE_DISCARD : 0);
  store<u64>(device + FEATURES, features);
}

function setConfig(config: usize, capacity: u64): void {
  store<u64>(config + CONFIG_CAPACITY, capacity >> SECTOR_SHIFT);
  store<u32>(config + CONFIG_SEG_MAX, SEG_MAX);
  store<u32>(config + CONFIG_BLOCK_SIZE, 512);
  store<u32>(config + CONFIG_DISCARD_SECTORS, MAX_RANGE_SECTORS);
  store<u32>(config + CONFIG_DISCARD_SEGMENTS, 1);
  store<u32>(config + CONFIG_DISCARD_ALIGNMENT, 8);
  store<u32>(config + CONFIG_ZEROES_SECTORS, MAX_RANGE_SECTORS);
  store<u32>(config + CONFIG_ZEROES_SEGMENTS, 1);
  store<u8>(config + CONFIG_ZEROES_UNMAP, 1);
}

/** Requests under way are forgotten; their answers carry an older generation. */
export function resetBlock(index: u32): void {
  const device = virtioDevice(index);
  for (let row: u32 = 0; row < REQUESTS; row++) store<u32>(requestRow(device, row) + BUSY, 0);
}

/** Takes chains as long as there are rows for them. */
export function notifyBlock(index: u32): void {
  const device = virtioDevice(index);
  for (let row = freeRow(device); row >= 0; row = freeRow(device)) {
    const head = takeChain(index, 0);
    if (head == NO_CHAIN) break;
    if (!accept(index, <u32>row, <u32>head)) return;
  }
  pump(device);
  channelKick(<usize>load<u32>(device + CHANNEL));
}

/** Makes a request of the chain taken last; false when the chain cannot be one (the device then needs a reset). */
function accept(index: u32, row: u32, head: u32): bool {
  const device = virtioDevice(index);
  const request = requestRow(device, row);
  const readable = load<u32>(CHAIN_READABLE);
  const writable = load<u32>(CHAIN_WRITABLE);
  const isShaped = readable >= HEADER_BYTES && writable >= 1 && chainSegments() <= MAX_SEGMENTS;
  if (!isShaped || readChain(0, CHAIN_SCRATCH, HEADER_BYTES) != HEADER_BYTES) {
    needsReset(index);
    return false;
  }
  const type = load<u32>(CHAIN_SCRATCH);
  const sector = load<u64>(CHAIN_SCRATCH, 8);
  memory.fill(request, 0, 64);
  store<u32>(request + HEAD, head);
  store<u64>(request + OFFSET, sector << SECTOR_SHIFT);
  const last = chainSegments() - 1;
  store<u32>(request + STATUS_POINTER, <u32>segmentPointer(last) + segmentLength(last) - 1);
  // A sector whose byte offset does not fit 64 bits is beyond every disk.
  const isAddressable = sector <= u64.MAX_VALUE >> SECTOR_SHIFT;
  const status = isAddressable
    ? prepare(device, request, type, readable - HEADER_BYTES, writable - 1)
    : STATUS_IO_ERROR;
  if (status == STATUS_OK && load<u32>(request + OPERATION) != STORAGE_QUERY) store<u32>(request + BUSY, 1);
  else finish(index, request, status);
  return true;
}

/** Fills in the operation and the data's segments; an OPERATION of QUERY means that the answer is there already. */
function prepare(device: usize, request: usize, type: u32, readable: u32, writable: u32): u8 {
  switch (type) {
    case REQUEST_IN:
      store<u32>(request + OPERATION, STORAGE_READ);
      return takeData(device, request, true, 0, writable);
    case REQUEST_OUT:
      store<u32>(request + OPERATION, STORAGE_WRITE);
      return takeData(device, request, false, HEADER_BYTES, readable);
    case REQUEST_FLUSH:
      store<u32>(request + OPERATION, STORAGE_FLUSH);
      store<u64>(request + OFFSET, 0);
      return STATUS_OK;
    case REQUEST_DISCARD:
    case REQUEST_WRITE_ZEROES: {
      if (readable != RANGE_BYTES) return STATUS_UNSUPPORTED;
      readChain(HEADER_BYTES, CHAIN_SCRATCH, RANGE_BYTES);
      const sectors = load<u32>(CHAIN_SCRATCH, 8);
      if (sectors == 0 || sectors > MAX_RANGE_SECTORS) return STATUS_UNSUPPORTED;
      store<u32>(request + OPERATION, type == REQUEST_DISCARD ? STORAGE_DISCARD : STORAGE_WRITE_ZEROES);
      store<u64>(request + OFFSET, load<u64>(CHAIN_SCRATCH) << SECTOR_SHIFT);
      store<u32>(request + DATA_BYTES, sectors << (<u32>SECTOR_SHIFT));
      return isInside(device, load<u64>(CHAIN_SCRATCH), sectors) ? STATUS_OK : STATUS_IO_ERROR;
    }
    case REQUEST_GET_ID:
      return putIdentity(request, writable);
    default:
      return STATUS_UNSUPPORTED;
  }
}

function isInside(device: usize, sector: u64, sectors: u64): bool {
  const capacity = load<u64>(device + CAPACITY) >> SECTOR_SHIFT;
  return sector <= capacity && sectors <= capacity - sector;
}

/** Notes the data's segments: the writable ones less the status byte, or the readable ones less the header. */
function takeData(device: usize, request: usize, isWritable: bool, skip: u32, length: u32): u8 {
  const sector = load<u64>(request + OFFSET) >> SECTOR_SHIFT;
  if (length == 0 || length % 512 != 0) return STATUS_IO_ERROR;
  if (!isInside(device, sector, length >> <u32>SECTOR_SHIFT)) return STATUS_IO_ERROR;
  let left = length;
  let toSkip = skip;
  for (let i: u32 = 0; i < chainSegments() && left > 0; i++) {
    if (isSegmentWritable(i) != isWritable) continue;
    const bytes = segmentLength(i);
    if (toSkip >= bytes) {
      toSkip -= bytes;
      continue;
    }
    const part = min<u32>(bytes - toSkip, left);
    addRequestSegment(request, segmentPointer(i) + toSkip, part);
    left -= part;
    toSkip = 0;
  }
  store<u32>(request + DATA_BYTES, length);
  return STATUS_OK;
}

function putIdentity(request: usize, writable: u32): u8 {
  let segment: u32 = 0;
  while (!isSegmentWritable(segment)) segment++;
  if (writable < ID_BYTES || segmentLength(segment) < ID_BYTES) return STATUS_IO_ERROR;
  const target = segmentPointer(segment);
  memory.fill(target, 0, ID_BYTES);
  const name = 'cofferdam';
  for (let i: i32 = 0; i < name.length; i++) store<u8>(target + i, <u8>name.charCodeAt(i));
  noteWritten(target, ID_BYTES);
  store<u32>(request + WRITTEN, ID_BYTES);
  store<u32>(request + OPERATION, STORAGE_QUERY);
  return STATUS_OK;
}

/** Sends as much of every request as the channel's ring takes. */
function pump(device: usize): void {
  for (let row: u32 = 0; row < REQUESTS; row++) {
    const request = requestRow(device, row);
    if (load<u32>(request + BUSY) == 0) continue;
    while (!isWhollyAsked(request)) {
      if (!ask(device, row)) return;
    }
  }
}

/** FLUSH has no data and is asked for once; ASKED then says 1. */
function isWhollyAsked(request: usize): bool {
  return load<u32>(request + ASKED) >= max<u32>(load<u32>(request + DATA_BYTES), 1);
}

function ask(device: usize, row: u32): bool {
  const request = requestRow(device, row);
  const operation = load<u32>(request + OPERATION);
  const asked = load<u32>(request + ASKED);
  const left = load<u32>(request + DATA_BYTES) - asked;
  const hasData = operation == STORAGE_READ || operation == STORAGE_WRITE;
  const length = hasData ? min<u32>(left, STORAGE_MAX_TRANSFER_BYTES) : left;
  const buffer = <usize>load<u32>(device + BUFFER);
  const body = operation == STORAGE_WRITE ? length : 0;
  if (body > 0) gather(request, asked, buffer, length);
  putStorageRequest(CHAIN_SCRATCH, operation, load<u64>(request + OFFSET) + asked, length);
  const transaction = row | ((load<u32>(device + GENERATION) & GENERATION_MASK) << 8) | ((<u64>asked) << 32);
  const channel = <usize>load<u32>(device + CHANNEL);
  if (!channelQueue(channel, transaction, CHAIN_SCRATCH, STORAGE_REQUEST_HEADER_BYTES, buffer, body))
    return false;
  store<u32>(request + ASKED, asked + max<u32>(length, 1));
  store<u32>(request + AWAITED, load<u32>(request + AWAITED) + 1);
  return true;
}

/** Takes the channel's answers. */
export function pollBlock(index: u32): void {
  const device = virtioDevice(index);
  const channel = <usize>load<u32>(device + CHANNEL);
  if (!channelHasPacket(channel)) return;
  const ring = channelIncomingRing(channel);
  const ringBytes = channelIncomingBytes(channel);
  while (channelHasPacket(channel)) {
    takeAnswer(index, ring, ringBytes);
    ringRelease(ring, ringBytes);
  }
  notifyBlock(index);
}

function takeAnswer(index: u32, ring: usize, ringBytes: u32): void {
  const device = virtioDevice(index);
  const transaction = ringTransaction(ring, ringBytes);
  const row = <u32>transaction & 0xff;
  const generation = <u32>transaction >>> 8;
  if (row >= REQUESTS || generation != (load<u32>(device + GENERATION) & GENERATION_MASK)) return;
  const request = requestRow(device, row);
  if (load<u32>(request + BUSY) == 0 || load<u32>(request + AWAITED) == 0) return;
  const payload = ringPayloadBytes(ring);
  let isGood = payload >= STORAGE_ANSWER_HEADER_BYTES;
  if (isGood) {
    ringRead(ring, ringBytes, 0, CHAIN_SCRATCH, STORAGE_ANSWER_HEADER_BYTES);
    isGood = load<u32>(CHAIN_SCRATCH) == STORAGE_STATUS_OK;
  }
  if (isGood && load<u32>(request + OPERATION) == STORAGE_READ) {
    isGood = scatter(
      request,
      ring,
      ringBytes,
      <u32>(transaction >> 32),
      payload - STORAGE_ANSWER_HEADER_BYTES,
    );
  }
  if (!isGood) store<u32>(request + FAILED, 1);
  store<u32>(request + AWAITED, load<u32>(request + AWAITED) - 1);
  if (load<u32>(request + AWAITED) > 0 || !isWhollyAsked(request)) return;
  finish(index, request, load<u32>(request + FAILED) != 0 ? STATUS_IO_ERROR : STATUS_OK);
}

/** Copies an answer's data into the driver's buffers, `offset` bytes into the request's data. */
function scatter(request: usize, ring: usize, ringBytes: u32, offset: u32, length: u32): bool {
  const total = load<u32>(request + DATA_BYTES);
  if (offset >= total || length != min<u32>(total - offset, STORAGE_MAX_TRANSFER_BYTES)) return false;
  let skip = offset;
  let done: u32 = 0;
  for (let i: u32 = 0; i < load<u32>(request + SEGMENTS) && done < length; i++) {
    const bytes = requestLength(request, i);
    if (skip >= bytes) {
      skip -= bytes;
      continue;
    }
    const part = min<u32>(bytes - skip, length - done);
    const target = requestPointer(request, i) + skip;
    ringRead(ring, ringBytes, STORAGE_ANSWER_HEADER_BYTES + done, target, part);
    noteWritten(target, part);
    done += part;
    skip = 0;
  }
  store<u32>(request + WRITTEN, load<u32>(request + WRITTEN) + length);
  return true;
}

function finish(index: u32, request: usize, status: u8): void {
  const statusPointer = <usize>load<u32>(request + STATUS_POINTER);
  store<u8>(statusPointer, status);
  noteWritten(statusPointer, 1);
  store<u32>(request + BUSY, 0);
  completeChain(index, 0, load<u32>(request + HEAD), load<u32>(request + WRITTEN) + 1);
}
