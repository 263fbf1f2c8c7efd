// HV_PARTITION_PRIVILEGE_MASK as two 32-bit halves, because hot code tests it and bigint is slow (TLFS: "Partition
// Privilege Flags").
import {
  HV_PRIVILEGE_ACCESS_MEMORY_POOL,
  HV_PRIVILEGE_ACCESS_PARTITION_ID,
  HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER,
  HV_PRIVILEGE_ACCESS_STATS,
  HV_PRIVILEGE_ACCESS_SYNIC_REGS,
  HV_PRIVILEGE_ACCESS_VP_INDEX,
  HV_PRIVILEGE_CONNECT_PORT,
  HV_PRIVILEGE_CPU_MANAGEMENT,
  HV_PRIVILEGE_CREATE_PARTITIONS,
  HV_PRIVILEGE_CREATE_PORT,
  HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS,
  HV_PRIVILEGE_POST_MESSAGES,
  HV_PRIVILEGE_SIGNAL_EVENTS,
} from '../abi/privileges.ts';

/** Bits 31..0 and 63..32 of the mask, each an unsigned 32-bit number. */
export interface PrivilegeMask {
  readonly lo: number;
  readonly hi: number;
}

/** The mask with exactly these bit numbers set. */
export function privilegeMask(bits: readonly number[]): PrivilegeMask {
  let lo = 0;
  let hi = 0;
  for (const bit of bits) {
    if (bit < 32) lo |= 1 << bit;
    else hi |= 1 << (bit - 32);
  }
  return { lo: lo >>> 0, hi: hi >>> 0 };
}

/** Whether the mask has the bit. */
export function hasPrivilege(mask: PrivilegeMask, bit: number): boolean {
  return bit < 32 ? ((mask.lo >>> bit) & 1) === 1 : ((mask.hi >>> (bit - 32)) & 1) === 1;
}

const guestBits = [
  HV_PRIVILEGE_ACCESS_PARTITION_REFERENCE_COUNTER,
  HV_PRIVILEGE_ACCESS_SYNIC_REGS,
  HV_PRIVILEGE_ACCESS_VP_INDEX,
  HV_PRIVILEGE_POST_MESSAGES,
  HV_PRIVILEGE_SIGNAL_EVENTS,
  HV_PRIVILEGE_ENABLE_EXTENDED_HYPERCALLS,
];

/** What a guest partition gets unless its creator says otherwise. */
export const guestPrivileges: PrivilegeMask = privilegeMask(guestBits);

/** What the root partition gets. It is an entry like any other: clear a bit and it loses that right too. */
export const rootPrivileges: PrivilegeMask = privilegeMask([
  ...guestBits,
  HV_PRIVILEGE_CREATE_PARTITIONS,
  HV_PRIVILEGE_ACCESS_PARTITION_ID,
  HV_PRIVILEGE_ACCESS_MEMORY_POOL,
  HV_PRIVILEGE_CREATE_PORT,
  HV_PRIVILEGE_CONNECT_PORT,
  HV_PRIVILEGE_ACCESS_STATS,
  HV_PRIVILEGE_CPU_MANAGEMENT,
]);
