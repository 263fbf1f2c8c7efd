// A PCI host bridge with ECAM (PCI Express Base 5.0 §7.2.2; PCI Local Bus 3.0 §6): one bus, device 0 is the bridge,
// the virtio devices follow. Each device has one function and one 32-bit memory BAR.
import { PCI_STATE } from '../devices/device-memory.ts';
import { PCI_MEMORY_GPA } from '../devices/memory-map.ts';
import { IS_ON_PCI, TYPE, VIRTIO_BLOCK, VIRTIO_DEVICES, virtioDevice } from '../virtio/device-state.ts';
import { pciDeviceNumber } from '../virtio/interrupts.ts';
import { BAR_BYTES, barLoad, barStore, putVirtioCapabilities } from '../virtio/pci-transport.ts';

const SPACE_BYTES: usize = 0x1000;
const COMMAND: u32 = 0x04;
const BAR0: u32 = 0x10;
const INTERRUPT_LINE: u32 = 0x3c;
const CAPABILITIES: u32 = 0x40;
const COMMAND_MEMORY: u32 = 2;
const COMMAND_WRITABLE: u32 = 0x0406;
const STATUS_HAS_CAPABILITIES: u32 = 0x10;
const VIRTIO_VENDOR: u32 = 0x1af4;
const VIRTIO_DEVICE_BASE: u32 = 0x1040;
/** Red Hat's generic host bridge: what drivers for ECAM bridges expect to see at 00:00.0. */
const BRIDGE_ID: u32 = 0x0008_1b36;
const CLASS_BRIDGE: u32 = 0x0600_0000;
const CLASS_STORAGE: u32 = 0x0180_0001;
const CLASS_OTHER: u32 = 0x0780_0001;

function space(deviceNumber: u32): usize {
  return PCI_STATE + <usize>deviceNumber * SPACE_BYTES;
}

/** Fills the configuration spaces, once the virtio devices are known. */
export function attachPciDevices(): void {
  store<u32>(space(0), BRIDGE_ID);
  store<u32>(space(0), CLASS_BRIDGE, 8);
  for (let index: u32 = 0; index < VIRTIO_DEVICES; index++) {
    const device = virtioDevice(index);
    const type = load<u32>(device + TYPE);
    if (type == 0 || load<u32>(device + IS_ON_PCI) == 0) continue;
    const at = space(pciDeviceNumber(index));
    store<u32>(at, VIRTIO_VENDOR | ((VIRTIO_DEVICE_BASE + type) << 16));
    store<u32>(at, STATUS_HAS_CAPABILITIES << 16, COMMAND);
    store<u32>(at, type == VIRTIO_BLOCK ? CLASS_STORAGE : CLASS_OTHER, 8);
    store<u32>(at, VIRTIO_VENDOR | ((0x40 + type) << 16), 0x2c);
    store<u32>(at, CAPABILITIES, 0x34);
    store<u32>(at, 1 << 8, INTERRUPT_LINE);
    putVirtioCapabilities(index, at + CAPABILITIES, CAPABILITIES);
  }
}

/** Address of a configuration register, 0 when nothing is there. */
function register(offset: u32, width: u32): usize {
  const deviceNumber = (offset >>> 15) & 31;
  const isPresent =
    ((offset >>> 12) & 7) == 0 && deviceNumber <= VIRTIO_DEVICES && load<u32>(space(deviceNumber)) != 0;
  return isPresent && width <= 4 && (offset & (width - 1)) == 0 ? space(deviceNumber) + (offset & 0xfff) : 0;
}

export function ecamLoad(offset: u32, width: u32): u64 {
  const at = register(offset, width);
  if (at == 0) return u64.MAX_VALUE;
  if (width == 1) return load<u8>(at);
  return width == 2 ? load<u16>(at) : load<u32>(at);
}

export function ecamStore(offset: u32, width: u32, value: u32): void {
  const at = register(offset, width);
  if (at == 0) return;
  const name = offset & 0xffc;
  if (name == COMMAND && (offset & 3) == 0) store<u16>(at, <u16>(value & COMMAND_WRITABLE));
  else if (name == INTERRUPT_LINE && (offset & 3) == 0) store<u8>(at, <u8>value);
  else if (name == BAR0 && width == 4 && ((offset >>> 15) & 31) != 0) {
    // The low bits do not exist, which is also how software learns the size.
    store<u32>(at, value & ~(BAR_BYTES - 1));
  }
}

/** The virtio device whose BAR holds this bus address, or all ones. */
function deviceAt(address: u32): u32 {
  for (let index: u32 = 0; index < VIRTIO_DEVICES; index++) {
    const at = space(pciDeviceNumber(index));
    const isEnabled = (load<u16>(at, COMMAND) & COMMAND_MEMORY) != 0;
    if (isEnabled && load<u32>(at) != 0 && address - load<u32>(at, BAR0) < BAR_BYTES) return index;
  }
  return u32.MAX_VALUE;
}

export function pciMemoryLoad(offset: u32, width: u32): u64 {
  const address = <u32>PCI_MEMORY_GPA + offset;
  const index = deviceAt(address);
  if (index == u32.MAX_VALUE) return u64.MAX_VALUE;
  return barLoad(index, address & (BAR_BYTES - 1), width);
}

export function pciMemoryStore(offset: u32, width: u32, value: u64): void {
  const address = <u32>PCI_MEMORY_GPA + offset;
  const index = deviceAt(address);
  if (index != u32.MAX_VALUE) barStore(index, address & (BAR_BYTES - 1), width, value);
}
