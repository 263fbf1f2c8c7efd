// virtio over PCI, modern devices (virtio 1.3 §4.1): four structures in BAR 0, found through vendor capabilities.
//
//   BAR 0  0x0000 common configuration | 0x1000 ISR status | 0x2000 device configuration | 0x3000 notifications
import {
  CONFIG_BYTES,
  CONFIG_GENERATION,
  DRIVER_FEATURE_SELECT,
  DRIVER_FEATURES,
  FEATURE_SELECT,
  INTERRUPT_STATUS,
  QUEUE_COUNT,
  QUEUE_DESCRIPTORS,
  QUEUE_DEVICE,
  QUEUE_DRIVER,
  QUEUE_READY,
  QUEUE_SELECT,
  QUEUE_SIZE,
  STATUS,
  virtioDevice,
} from './device-state.ts';
import { acknowledgeInterrupt } from './interrupts.ts';
import {
  configLoad,
  notifyQueue,
  selectedFeatures,
  selectedQueue,
  setDriverFeatures,
  setQueueAddress,
  setQueueReady,
  setQueueSize,
  setStatus,
} from './registers.ts';

export const BAR_BYTES: u32 = 0x4000;
const COMMON: u32 = 0x0000;
const ISR: u32 = 0x1000;
const DEVICE: u32 = 0x2000;
const NOTIFY: u32 = 0x3000;
const COMMON_BYTES: u32 = 0x38;
const NOTIFY_MULTIPLIER: u32 = 4;
const NO_VECTOR: u64 = 0xffff;

const CAPABILITY_VENDOR: u32 = 9;

/** Writes the vendor capabilities (§4.1.4) into a configuration space at `capabilities`, `offset` from its start. */
export function putVirtioCapabilities(index: u32, capabilities: usize, offset: u32): void {
  const configBytes = load<u32>(virtioDevice(index) + CONFIG_BYTES);
  // A device without a configuration space has no capability for one: drivers refuse one of length 0.
  const isrNext = configBytes > 0 ? offset + 32 : offset + 48;
  putCapability(capabilities, offset + 16, 1, COMMON, COMMON_BYTES);
  putCapability(capabilities + 16, isrNext, 3, ISR, 4);
  if (configBytes > 0) putCapability(capabilities + 32, offset + 48, 4, DEVICE, configBytes);
  putCapability(capabilities + 48, 0, 2, NOTIFY, 0x100);
  // The notification capability is four bytes longer: the multiplier.
  store<u8>(capabilities + 48, 20, 2);
  store<u32>(capabilities + 64, NOTIFY_MULTIPLIER);
}

/** cap_vndr, cap_next, cap_len, cfg_type | bar, id, padding | offset | length */
function putCapability(at: usize, next: u32, type: u32, offset: u32, length: u32): void {
  store<u32>(at, CAPABILITY_VENDOR | (next << 8) | (16 << 16) | (type << 24));
  store<u32>(at, 0, 4);
  store<u32>(at, offset, 8);
  store<u32>(at, length, 12);
}

export function barLoad(index: u32, offset: u32, width: u32): u64 {
  const device = virtioDevice(index);
  if (offset >= NOTIFY) return 0;
  if (offset >= DEVICE) return configLoad(device, offset - DEVICE, width);
  if (offset >= ISR) {
    if (offset != ISR) return 0;
    const status = load<u32>(device + INTERRUPT_STATUS);
    // Reading acknowledges (§4.1.4.5).
    acknowledgeInterrupt(index, status);
    return status;
  }
  return commonLoad(device, offset);
}

function commonLoad(device: usize, offset: u32): u64 {
  const queue = selectedQueue(device);
  switch (offset) {
    case 0x00:
      return load<u32>(device + FEATURE_SELECT);
    case 0x04:
      return selectedFeatures(device);
    case 0x08:
      return load<u32>(device + DRIVER_FEATURE_SELECT);
    case 0x0c:
      return load<u32>(device + DRIVER_FEATURE_SELECT) > 1
        ? 0
        : load<u32>(device + DRIVER_FEATURES + ((<usize>load<u32>(device + DRIVER_FEATURE_SELECT)) << 2));
    case 0x10:
    case 0x1a:
      return NO_VECTOR;
    case 0x12:
      return load<u32>(device + QUEUE_COUNT);
    case 0x14:
      return load<u32>(device + STATUS);
    case 0x15:
      return load<u32>(device + CONFIG_GENERATION) & 0xff;
    case 0x16:
      return load<u32>(device + QUEUE_SELECT);
    case 0x18:
      return queue != 0 ? load<u32>(queue + QUEUE_SIZE) : 0;
    case 0x1c:
      return queue != 0 ? load<u32>(queue + QUEUE_READY) : 0;
    case 0x1e:
      return queue != 0 ? load<u32>(device + QUEUE_SELECT) : 0;
    case 0x20:
    case 0x24:
      return queue != 0 ? load<u32>(queue + QUEUE_DESCRIPTORS + (offset & 4)) : 0;
    case 0x28:
    case 0x2c:
      return queue != 0 ? load<u32>(queue + QUEUE_DRIVER + (offset & 4)) : 0;
    case 0x30:
    case 0x34:
      return queue != 0 ? load<u32>(queue + QUEUE_DEVICE + (offset & 4)) : 0;
    default:
      return 0;
  }
}

export function barStore(index: u32, offset: u32, width: u32, wide: u64): void {
  if (offset >= NOTIFY) notifyQueue(index, (offset - NOTIFY) / NOTIFY_MULTIPLIER);
  else if (offset < ISR) {
    commonStore(index, offset, <u32>wide);
    // 64-bit fields may be written at once (§4.1.3.1).
    if (width == 8 && offset >= 0x20) commonStore(index, offset + 4, <u32>(wide >> 32));
  }
}

function commonStore(index: u32, offset: u32, value: u32): void {
  const device = virtioDevice(index);
  switch (offset) {
    case 0x00:
      store<u32>(device + FEATURE_SELECT, value);
      break;
    case 0x08:
      store<u32>(device + DRIVER_FEATURE_SELECT, value);
      break;
    case 0x0c:
      setDriverFeatures(device, value);
      break;
    case 0x14:
      setStatus(index, value & 0xff);
      break;
    case 0x16:
      store<u32>(device + QUEUE_SELECT, value & 0xffff);
      break;
    case 0x18:
      setQueueSize(device, value & 0xffff);
      break;
    case 0x1c:
      // There is no way back but a reset (§4.1.4.3.2).
      if ((value & 0xffff) == 1) setQueueReady(device, 1);
      break;
    case 0x20:
    case 0x24:
      setQueueAddress(device, QUEUE_DESCRIPTORS + (offset & 4), value);
      break;
    case 0x28:
    case 0x2c:
      setQueueAddress(device, QUEUE_DRIVER + (offset & 4), value);
      break;
    case 0x30:
    case 0x34:
      setQueueAddress(device, QUEUE_DEVICE + (offset & 4), value);
      break;
    default:
      break;
  }
}
