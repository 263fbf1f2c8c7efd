// The machine described as a device tree (Devicetree Specification 0.4; bindings: Linux Documentation/devicetree).

import {
  CLINT_BYTES,
  CLINT_GPA,
  FINISHER_GPA,
  PCI_ECAM_BYTES,
  PCI_ECAM_GPA,
  PCI_IRQ,
  PCI_MEMORY_BYTES,
  PCI_MEMORY_GPA,
  PLIC_BYTES,
  PLIC_GPA,
  RTC_GPA,
  RTC_IRQ,
  UART_BYTES,
  UART_GPA,
  UART_IRQ,
  VIRTIO_MMIO_GPA,
  VIRTIO_MMIO_IRQ,
  VIRTIO_SLOT_BYTES,
} from '../devices/memory-map.ts';
import { RAM_BYTES } from '../hart/state.ts';
import { RAM_GPA } from '../memory/layout.ts';
import {
  nodeBegin,
  nodeEnd,
  property32,
  property64,
  propertyBytes,
  propertyCells,
  propertyEmpty,
  propertyRange,
  propertyText,
  treeBegin,
  treeEnd,
} from './device-tree-writer.ts';

const PHANDLE_CPU_INTERRUPTS: u32 = 1;
const PHANDLE_PLIC: u32 = 2;
const PHANDLE_FINISHER: u32 = 3;
const TIMEBASE_HZ: u32 = 10_000_000;
const PLIC_DEVICES: u32 = 63;

/** What the tree says beyond the fixed devices. Addresses are guest physical; 0 bytes = absent. */
export class BootDescription {
  commandLine: usize = 0;
  commandLineBytes: u32 = 0;
  initrdGpa: u64 = 0;
  initrdBytes: u32 = 0;
  seed: usize = 0;
  seedBytes: u32 = 0;
  virtioMmioSlots: u32 = 0;
  hasPci: bool = false;
}

/** Writes the tree at `address` and returns its size. */
export function writeDeviceTree(address: usize, boot: BootDescription): u32 {
  treeBegin(address);
  nodeBegin('');
  property32('#address-cells', 2);
  property32('#size-cells', 2);
  propertyText('compatible', 'cofferdam,partition|riscv-virtio');
  propertyText('model', 'cofferdam,partition');
  chosen(boot);
  nodeBegin('memory', RAM_GPA);
  propertyText('device_type', 'memory');
  propertyRange('reg', RAM_GPA, load<u32>(RAM_BYTES));
  nodeEnd();
  cpus();
  nodeBegin('soc');
  property32('#address-cells', 2);
  property32('#size-cells', 2);
  propertyText('compatible', 'simple-bus');
  propertyEmpty('ranges');
  interruptControllers();
  legacyDevices();
  for (let slot: u32 = 0; slot < boot.virtioMmioSlots; slot++) virtioSlot(slot);
  if (boot.hasPci) hostBridge();
  nodeEnd();
  resetNode('poweroff', 'syscon-poweroff', 0x5555);
  resetNode('reboot', 'syscon-reboot', 0x7777);
  nodeEnd();
  return treeEnd();
}

function chosen(boot: BootDescription): void {
  nodeBegin('chosen');
  propertyBytes('bootargs', boot.commandLine, boot.commandLineBytes, true);
  propertyText('stdout-path', '/soc/serial@10000000');
  if (boot.initrdBytes > 0) {
    property64('linux,initrd-start', boot.initrdGpa);
    property64('linux,initrd-end', boot.initrdGpa + boot.initrdBytes);
  }
  if (boot.seedBytes > 0) {
    propertyBytes('kaslr-seed', boot.seed, 8, false);
    propertyBytes('rng-seed', boot.seed + 8, boot.seedBytes - 8, false);
  }
  nodeEnd();
}

function cpus(): void {
  nodeBegin('cpus');
  property32('#address-cells', 1);
  property32('#size-cells', 0);
  property32('timebase-frequency', TIMEBASE_HZ);
  nodeBegin('cpu', 0);
  propertyText('device_type', 'cpu');
  property32('reg', 0);
  propertyText('status', 'okay');
  propertyText('compatible', 'riscv');
  propertyText('riscv,isa', 'rv64imafdc_zicntr_zicsr_zifencei_sstc');
  propertyText('riscv,isa-base', 'rv64i');
  propertyText('riscv,isa-extensions', 'i|m|a|f|d|c|zicntr|zicsr|zifencei|sstc');
  propertyText('mmu-type', 'riscv,sv48');
  nodeBegin('interrupt-controller');
  property32('#interrupt-cells', 1);
  propertyEmpty('interrupt-controller');
  propertyText('compatible', 'riscv,cpu-intc');
  property32('phandle', PHANDLE_CPU_INTERRUPTS);
  nodeEnd();
  nodeEnd();
  nodeEnd();
}

function interruptControllers(): void {
  nodeBegin('clint', CLINT_GPA);
  propertyText('compatible', 'sifive,clint0|riscv,clint0');
  propertyRange('reg', CLINT_GPA, CLINT_BYTES);
  propertyCells('interrupts-extended', [PHANDLE_CPU_INTERRUPTS, 3, PHANDLE_CPU_INTERRUPTS, 7]);
  nodeEnd();
  nodeBegin('interrupt-controller', PLIC_GPA);
  propertyText('compatible', 'sifive,plic-1.0.0|riscv,plic0');
  propertyRange('reg', PLIC_GPA, PLIC_BYTES);
  property32('#interrupt-cells', 1);
  property32('#address-cells', 0);
  propertyEmpty('interrupt-controller');
  propertyCells('interrupts-extended', [PHANDLE_CPU_INTERRUPTS, 11, PHANDLE_CPU_INTERRUPTS, 9]);
  property32('riscv,ndev', PLIC_DEVICES);
  property32('phandle', PHANDLE_PLIC);
  nodeEnd();
}

function legacyDevices(): void {
  nodeBegin('test', FINISHER_GPA);
  propertyText('compatible', 'sifive,test1|sifive,test0|syscon');
  propertyRange('reg', FINISHER_GPA, 0x1000);
  property32('phandle', PHANDLE_FINISHER);
  nodeEnd();
  nodeBegin('rtc', RTC_GPA);
  propertyText('compatible', 'google,goldfish-rtc');
  propertyRange('reg', RTC_GPA, 0x1000);
  interruptOf(RTC_IRQ);
  nodeEnd();
  nodeBegin('serial', UART_GPA);
  propertyText('compatible', 'ns16550a');
  propertyRange('reg', UART_GPA, UART_BYTES);
  property32('clock-frequency', 3_686_400);
  interruptOf(UART_IRQ);
  nodeEnd();
}

function interruptOf(irq: u32): void {
  property32('interrupt-parent', PHANDLE_PLIC);
  property32('interrupts', irq);
}

function virtioSlot(slot: u32): void {
  const gpa = VIRTIO_MMIO_GPA + <u64>slot * VIRTIO_SLOT_BYTES;
  nodeBegin('virtio_mmio', gpa);
  propertyText('compatible', 'virtio,mmio');
  propertyRange('reg', gpa, VIRTIO_SLOT_BYTES);
  interruptOf(VIRTIO_MMIO_IRQ + slot);
  nodeEnd();
}

function hostBridge(): void {
  nodeBegin('pci', PCI_ECAM_GPA);
  propertyText('compatible', 'pci-host-ecam-generic');
  propertyText('device_type', 'pci');
  property32('#address-cells', 3);
  property32('#size-cells', 2);
  property32('#interrupt-cells', 1);
  propertyRange('reg', PCI_ECAM_GPA, PCI_ECAM_BYTES);
  propertyCells('bus-range', [0, 0]);
  propertyEmpty('dma-coherent');
  // One window of 32-bit memory, bus address = physical address.
  propertyCells('ranges', [
    0x0200_0000,
    0,
    <u32>PCI_MEMORY_GPA,
    0,
    <u32>PCI_MEMORY_GPA,
    0,
    <u32>PCI_MEMORY_BYTES,
  ]);
  // Pin A of device d goes to line d mod 4; the mask keeps the low two bits of the device number.
  propertyCells('interrupt-map-mask', [0x1800, 0, 0, 7]);
  const map = new StaticArray<u32>(4 * 4 * 6);
  let at: i32 = 0;
  for (let device: u32 = 0; device < 4; device++) {
    for (let pin: u32 = 1; pin <= 4; pin++) {
      map[at] = device << 11;
      map[at + 3] = pin;
      map[at + 4] = PHANDLE_PLIC;
      map[at + 5] = PCI_IRQ + ((device + pin - 1) & 3);
      at += 6;
    }
  }
  propertyCells('interrupt-map', map);
  nodeEnd();
}

function resetNode(name: string, compatible: string, value: u32): void {
  nodeBegin(name);
  propertyText('compatible', compatible);
  property32('regmap', PHANDLE_FINISHER);
  property32('offset', 0);
  property32('value', value);
  nodeEnd();
}
