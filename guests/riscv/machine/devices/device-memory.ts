// Where device state lies in the sandbox: fixed addresses in the devices' region, so that a snapshot is the memory.
//
//   +0x00_0000  VMBus region             +0x01_0000  PLIC        +0x01_1000  CLINT      +0x01_2000  UART
//   +0x01_3000  RTC                      +0x01_4000  boot arguments                     +0x01_5000  console buffers
//   +0x01_7000  machine words            +0x02_0000  virtio devices, 8 × 64 KiB
//   +0x0a_0000  PCI configuration spaces, 16 × 4 KiB              +0x0c_0000  device-tree strings
//   +0x0d_0000  virtqueue chain scratch  +0x10_0000  channel rings, handed out upwards

import { HV_PAGE_SIZE } from '../../../../hypervisor/abi/hypercalls.ts';
import { DEVICES_BASE, DEVICES_END } from '../memory/layout.ts';

export const VMBUS_REGION: usize = DEVICES_BASE;
export const PLIC_STATE: usize = DEVICES_BASE + 0x1_0000;
export const CLINT_STATE: usize = DEVICES_BASE + 0x1_1000;
export const UART_STATE: usize = DEVICES_BASE + 0x1_2000;
export const RTC_STATE: usize = DEVICES_BASE + 0x1_3000;
export const BOOT_ARGUMENTS: usize = DEVICES_BASE + 0x1_4000;
export const CONSOLE_STATE: usize = DEVICES_BASE + 0x1_5000;
export const MACHINE_STATE: usize = DEVICES_BASE + 0x1_7000;
export const VIRTIO_STATE: usize = DEVICES_BASE + 0x2_0000;
export const VIRTIO_STATE_BYTES: usize = 0x1_0000;
export const PCI_STATE: usize = DEVICES_BASE + 0xa_0000;
export const TREE_STRINGS: usize = DEVICES_BASE + 0xc_0000;
export const TREE_STRINGS_BYTES: usize = 0x1000;
export const CHAIN_SCRATCH: usize = DEVICES_BASE + 0xd_0000;
const RINGS: usize = DEVICES_BASE + 0x10_0000;

/** Word of MACHINE_STATE: bytes of ring memory handed out. */
const RINGS_USED: usize = MACHINE_STATE;

/** Page-aligned memory for a channel's rings; 0 when there is no more. */
export function allocateRings(pages: u32): usize {
  const at = RINGS + load<u32>(RINGS_USED);
  const bytes = pages * HV_PAGE_SIZE;
  if (at + bytes > DEVICES_END) return 0;
  store<u32>(RINGS_USED, load<u32>(RINGS_USED) + bytes);
  return at;
}
