// What a guest sent on a clock channel (abi/channels/clock.ts).
import { CLOCK_GET_TIME, CLOCK_REQUEST_BYTES } from '../../hypervisor/abi/channels/clock.ts';
import { getWord } from '../../hypervisor/vmbus/frame-header.ts';

export function isClockRequest(payload: Uint8Array): boolean {
  return (
    payload.length === CLOCK_REQUEST_BYTES &&
    getWord(payload, 0) === CLOCK_GET_TIME &&
    getWord(payload, 4) === 0
  );
}
