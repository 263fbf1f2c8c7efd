// What a guest sent on an entropy channel (abi/channels/entropy.ts).
import { ENTROPY_MAX_BYTES, ENTROPY_REQUEST_BYTES } from '../../hypervisor/abi/channels/entropy.ts';
import { getWord } from '../../hypervisor/vmbus/frame-header.ts';

/** The number of bytes asked for, or 0 when the request is invalid. */
export function parseEntropyRequest(payload: Uint8Array): number {
  if (payload.length !== ENTROPY_REQUEST_BYTES || getWord(payload, 4) !== 0) return 0;
  const length = getWord(payload, 0);
  return length <= ENTROPY_MAX_BYTES ? length : 0;
}
