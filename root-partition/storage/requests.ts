// What a guest sent on a storage channel, checked against the volume (abi/channels/storage.ts).
import {
  STORAGE_BLOCK_BYTES,
  STORAGE_DISCARD,
  STORAGE_FLUSH,
  STORAGE_MAX_TRANSFER_BYTES,
  STORAGE_QUERY,
  STORAGE_READ,
  STORAGE_REQUEST_HEADER_BYTES,
  STORAGE_STATUS_INVALID,
  STORAGE_STATUS_OK,
  STORAGE_STATUS_OUT_OF_RANGE,
  STORAGE_STATUS_READ_ONLY,
  STORAGE_WRITE,
  STORAGE_WRITE_ZEROES,
} from '../../hypervisor/abi/channels/storage.ts';
import { getWord } from '../../hypervisor/vmbus/frame-header.ts';

export interface VolumeShape {
  readonly capacityBytes: number;
  readonly isReadOnly: boolean;
}

/** `status` other than OK: the request is answered with it and not carried out. */
export interface StorageRequest {
  status: number;
  operation: number;
  offset: number;
  length: number;
}

export function parseStorageRequest(payload: Uint8Array, volume: VolumeShape): StorageRequest {
  const request: StorageRequest = { status: STORAGE_STATUS_INVALID, operation: 0, offset: 0, length: 0 };
  if (payload.length < STORAGE_REQUEST_HEADER_BYTES) return request;
  request.operation = getWord(payload, 0);
  request.offset = getWord(payload, 8) + getWord(payload, 12) * 0x1_0000_0000;
  request.length = getWord(payload, 16);
  if (getWord(payload, 4) !== 0 || getWord(payload, 20) !== 0) return request;
  const dataBytes = payload.length - STORAGE_REQUEST_HEADER_BYTES;
  if (dataBytes !== (request.operation === STORAGE_WRITE ? request.length : 0)) return request;
  request.status = checkOperation(request, volume);
  return request;
}

function checkOperation(request: StorageRequest, volume: VolumeShape): number {
  switch (request.operation) {
    case STORAGE_QUERY:
    case STORAGE_FLUSH:
      return STORAGE_STATUS_OK;
    case STORAGE_READ:
      if (request.length > STORAGE_MAX_TRANSFER_BYTES) return STORAGE_STATUS_INVALID;
      return checkRange(request, volume.capacityBytes, true);
    case STORAGE_WRITE:
      if (request.length > STORAGE_MAX_TRANSFER_BYTES) return STORAGE_STATUS_INVALID;
      return checkChange(request, volume);
    case STORAGE_DISCARD:
    case STORAGE_WRITE_ZEROES:
      return checkChange(request, volume);
    default:
      return STORAGE_STATUS_INVALID;
  }
}

function checkChange(request: StorageRequest, volume: VolumeShape): number {
  const status = checkRange(request, volume.capacityBytes, false);
  if (status !== STORAGE_STATUS_OK) return status;
  return volume.isReadOnly ? STORAGE_STATUS_READ_ONLY : STORAGE_STATUS_OK;
}

/** An offset above 2^53 loses its low bits as a number, but is out of range of any volume all the same. */
function checkRange(request: StorageRequest, capacityBytes: number, isTailAllowed: boolean): number {
  const { offset, length } = request;
  const isTail = isTailAllowed && offset + length === capacityBytes;
  if (offset % STORAGE_BLOCK_BYTES !== 0) return STORAGE_STATUS_INVALID;
  if (length % STORAGE_BLOCK_BYTES !== 0 && !isTail) return STORAGE_STATUS_INVALID;
  return offset > capacityBytes || length > capacityBytes - offset
    ? STORAGE_STATUS_OUT_OF_RANGE
    : STORAGE_STATUS_OK;
}
