// The guest's physical memory map below RAM, laid out like QEMU's `virt` board so that firmware and kernels that know
// one know the other.
//
//   0x0010_0000  finisher (power-off, reset)        0x0010_1000  goldfish RTC
//   0x0200_0000  CLINT                              0x0c00_0000  PLIC
//   0x1000_0000  16550 UART                         0x1000_1000  virtio over MMIO, 8 slots of 4 KiB
//   0x3000_0000  PCI configuration space (ECAM)     0x4000_0000  PCI memory window
//   0x8000_0000  RAM

export const FINISHER_GPA: u64 = 0x10_0000;
export const RTC_GPA: u64 = 0x10_1000;
export const CLINT_GPA: u64 = 0x200_0000;
export const CLINT_BYTES: u64 = 0x1_0000;
export const PLIC_GPA: u64 = 0xc00_0000;
export const PLIC_BYTES: u64 = 0x60_0000;
export const UART_GPA: u64 = 0x1000_0000;
export const UART_BYTES: u64 = 0x100;
export const VIRTIO_MMIO_GPA: u64 = 0x1000_1000;
export const VIRTIO_SLOT_BYTES: u64 = 0x1000;
export const VIRTIO_SLOTS: u32 = 8;
export const PCI_ECAM_GPA: u64 = 0x3000_0000;
/** One bus: 32 devices of 8 functions with 4 KiB each. */
export const PCI_ECAM_BYTES: u64 = 0x10_0000;
export const PCI_MEMORY_GPA: u64 = 0x4000_0000;
export const PCI_MEMORY_BYTES: u64 = 0x1000_0000;

/** PLIC sources. */
export const VIRTIO_MMIO_IRQ: u32 = 1;
export const UART_IRQ: u32 = 10;
export const RTC_IRQ: u32 = 11;
/** INTA to INTD of the PCI host bridge, in this order. */
export const PCI_IRQ: u32 = 32;
