// Interrupts of virtio devices: one PLIC source per MMIO slot; on PCI, INTA of each device swizzled onto four lines.
import { PCI_IRQ, VIRTIO_MMIO_IRQ } from '../devices/memory-map.ts';
import { plicSetLine } from '../devices/plic/device.ts';
import { INTERRUPT_STATUS, IS_ON_PCI, TYPE, VIRTIO_DEVICES, virtioDevice } from './device-state.ts';

export const INTERRUPT_USED_RING: u32 = 1;
export const INTERRUPT_CONFIG: u32 = 2;

/** PCI device number of virtio device `index`; 0 is the host bridge. */
export function pciDeviceNumber(index: u32): u32 {
  return index + 1;
}

/** Adds to the device's interrupt status. */
export function raiseInterrupt(index: u32, cause: u32): void {
  const device = virtioDevice(index);
  store<u32>(device + INTERRUPT_STATUS, load<u32>(device + INTERRUPT_STATUS) | cause);
  driveLine(index);
}

/** Takes from the device's interrupt status. */
export function acknowledgeInterrupt(index: u32, causes: u32): void {
  const device = virtioDevice(index);
  store<u32>(device + INTERRUPT_STATUS, load<u32>(device + INTERRUPT_STATUS) & ~causes);
  driveLine(index);
}

function driveLine(index: u32): void {
  const device = virtioDevice(index);
  if (load<u32>(device + IS_ON_PCI) == 0) {
    plicSetLine(VIRTIO_MMIO_IRQ + index, load<u32>(device + INTERRUPT_STATUS) != 0);
    return;
  }
  // A shared line is high while any of its devices wants attention.
  const line = pciDeviceNumber(index) & 3;
  let isHigh = false;
  for (let other: u32 = 0; other < VIRTIO_DEVICES; other++) {
    const state = virtioDevice(other);
    if (load<u32>(state + TYPE) == 0 || (pciDeviceNumber(other) & 3) != line) continue;
    if (load<u32>(state + INTERRUPT_STATUS) != 0) isHigh = true;
  }
  plicSetLine(PCI_IRQ + line, isHigh);
}
