// What the handlers of hypercalls work on: one partition, seen from one of its VPs.
import { HV_PAGE_SIZE } from '../abi/hypercalls.ts';
import {
  HV_STATUS_INVALID_ALIGNMENT,
  HV_STATUS_INVALID_PARAMETER,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import type { CodePublisher } from '../code-publishing/code-publisher.ts';
import type { PrivilegeMask } from '../partition/privilege-mask.ts';
import type { GuestMemory } from '../platform/guest-memory.ts';
import type { Synic } from '../synic/synic.ts';
import type { HypercallThrottle } from '../virtual-processor/hypercall-throttle.ts';
import type { VmbusServer } from '../vmbus/vmbus-server.ts';

export interface HypercallContext {
  readonly partitionId: number;
  readonly vpIndex: number;
  readonly words: Int32Array;
  readonly memory: GuestMemory;
  readonly privileges: PrivilegeMask;
  readonly synic: Synic;
  readonly vmbus: VmbusServer;
  readonly bootArguments: Uint8Array;
  readonly referenceTime: () => number;
  readonly throttle: HypercallThrottle;
  /** Absent where the partition may not publish code. */
  readonly publisher?: CodePublisher | undefined;
}

/**
 * Checks a parameter block: 8-byte aligned, below 4 GiB, within one page, within memory (TLFS: "Hypercall Inputs").
 * @param lo the address's low half, unsigned
 */
export function checkBlock(context: HypercallContext, lo: number, hi: number, length: number): number {
  if ((lo & 7) !== 0) return HV_STATUS_INVALID_ALIGNMENT;
  if (hi !== 0 || (lo % HV_PAGE_SIZE) + length > HV_PAGE_SIZE || !context.memory.contains(lo, length)) {
    return HV_STATUS_INVALID_PARAMETER;
  }
  return HV_STATUS_SUCCESS;
}
