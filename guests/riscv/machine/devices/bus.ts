// The machine's bus: which device answers a physical address outside RAM.
import { MMIO_VALUE } from '../memory/layout.ts';
import { ecamLoad, ecamStore, pciMemoryLoad, pciMemoryStore } from '../pci/host-bridge.ts';
import { virtioMmioLoad, virtioMmioStore } from '../virtio/mmio-transport.ts';
import { clintLoad, clintStore } from './clint/device.ts';
import { finisherStore } from './finisher/device.ts';
import {
  CLINT_BYTES,
  CLINT_GPA,
  FINISHER_GPA,
  PCI_ECAM_BYTES,
  PCI_ECAM_GPA,
  PCI_MEMORY_BYTES,
  PCI_MEMORY_GPA,
  PLIC_BYTES,
  PLIC_GPA,
  RTC_GPA,
  UART_BYTES,
  UART_GPA,
  VIRTIO_MMIO_GPA,
  VIRTIO_SLOT_BYTES,
  VIRTIO_SLOTS,
} from './memory-map.ts';
import { plicLoad, plicStore } from './plic/device.ts';
import { rtcLoad, rtcStore } from './rtc/device.ts';
import { uartLoad, uartStore } from './uart/device.ts';

/** Loads `width` bytes; the value is left at MMIO_VALUE. False: nothing answers there, an access fault. */
export function mmioLoad(gpa: u64, width: u32): bool {
  if (gpa - UART_GPA < UART_BYTES) return answer(uartLoad(<u32>(gpa - UART_GPA) & 7));
  if (gpa - PLIC_GPA < PLIC_BYTES) {
    return (gpa & 3) == 0 && width == 4 && answer(plicLoad(<u32>(gpa - PLIC_GPA)));
  }
  if (gpa - VIRTIO_MMIO_GPA < VIRTIO_SLOT_BYTES * VIRTIO_SLOTS) {
    return answer(virtioMmioLoad(<u32>(gpa - VIRTIO_MMIO_GPA), width));
  }
  if (gpa - PCI_MEMORY_GPA < PCI_MEMORY_BYTES)
    return answer(pciMemoryLoad(<u32>(gpa - PCI_MEMORY_GPA), width));
  if (gpa - PCI_ECAM_GPA < PCI_ECAM_BYTES) return answer(ecamLoad(<u32>(gpa - PCI_ECAM_GPA), width));
  if (gpa - CLINT_GPA < CLINT_BYTES) return answer(clintLoad(<u32>(gpa - CLINT_GPA), width));
  if (gpa - RTC_GPA < 0x1000) return answer(rtcLoad(<u32>(gpa - RTC_GPA)));
  if (gpa - FINISHER_GPA < 0x1000) return answer(0);
  return false;
}

function answer(value: u64): bool {
  store<u64>(MMIO_VALUE, value);
  return true;
}

/** Stores the low `width` bytes of `value`. False: nothing answers there, an access fault. */
export function mmioStore(gpa: u64, width: u32, value: u64): bool {
  if (gpa - UART_GPA < UART_BYTES) uartStore(<u32>(gpa - UART_GPA) & 7, <u8>value);
  else if (gpa - PLIC_GPA < PLIC_BYTES) {
    if ((gpa & 3) != 0 || width != 4) return false;
    plicStore(<u32>(gpa - PLIC_GPA), <u32>value);
  } else if (gpa - VIRTIO_MMIO_GPA < VIRTIO_SLOT_BYTES * VIRTIO_SLOTS) {
    virtioMmioStore(<u32>(gpa - VIRTIO_MMIO_GPA), width, value);
  } else if (gpa - PCI_MEMORY_GPA < PCI_MEMORY_BYTES) {
    pciMemoryStore(<u32>(gpa - PCI_MEMORY_GPA), width, value);
  } else if (gpa - PCI_ECAM_GPA < PCI_ECAM_BYTES) ecamStore(<u32>(gpa - PCI_ECAM_GPA), width, <u32>value);
  else if (gpa - CLINT_GPA < CLINT_BYTES) clintStore(<u32>(gpa - CLINT_GPA), width, value);
  else if (gpa - RTC_GPA < 0x1000) rtcStore(<u32>(gpa - RTC_GPA), <u32>value);
  else if (gpa - FINISHER_GPA < 0x1000) finisherStore(<u32>value);
  else return false;
  return true;
}
