// What a partition may hand to the broker (abi/frames.ts, abi/synic.ts).
import { FRAME_MESSAGE } from '../../hypervisor/abi/frames.ts';
import {
  HV_EVENT_FLAGS_BYTES_PER_SINT,
  HV_MESSAGE_MAX_PAYLOAD,
  HV_MESSAGE_TYPE_HYPERVISOR_MASK,
} from '../../hypervisor/abi/synic.ts';
import type { Frame } from '../../hypervisor/vmbus/frame-reader.ts';

export function isBrokeredFrameValid(frame: Frame): boolean {
  if (frame.channelId !== 0) return false;
  if (frame.kind === FRAME_MESSAGE) {
    const isTypeAllowed = frame.transactionHi > 0 && frame.transactionHi < HV_MESSAGE_TYPE_HYPERVISOR_MASK;
    return frame.payload.length <= HV_MESSAGE_MAX_PAYLOAD && isTypeAllowed;
  }
  return frame.payload.length === 0 && frame.transactionHi < HV_EVENT_FLAGS_BYTES_PER_SINT * 8;
}
