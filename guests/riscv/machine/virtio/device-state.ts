// State that every virtio device has (virtio 1.3 §2), one 64 KiB block per device at a fixed address.
//
//   +0 type (0: no device) | +4 status | +8 device feature select | +12 driver feature select | +16 driver features u64
//   +24 queue select | +28 interrupt status | +32 config generation | +36 generation | +40 is on PCI | +44 channel
//   +48 queue count | +56 device features u64 | +64 configuration bytes
//   +0x100 queues, 64 bytes each: size, ready, descriptor table u64, driver ring u64, device ring u64, next available,
//          next used         +0x400 configuration space         +0x1000 the device's own
import { VIRTIO_STATE, VIRTIO_STATE_BYTES } from '../devices/device-memory.ts';

export const VIRTIO_DEVICES: u32 = 8;

export const TYPE: usize = 0;
export const STATUS: usize = 4;
export const FEATURE_SELECT: usize = 8;
export const DRIVER_FEATURE_SELECT: usize = 12;
export const DRIVER_FEATURES: usize = 16;
export const QUEUE_SELECT: usize = 24;
export const INTERRUPT_STATUS: usize = 28;
export const CONFIG_GENERATION: usize = 32;
/** Counts resets, so that what was under way before one cannot complete after it. */
export const GENERATION: usize = 36;
export const IS_ON_PCI: usize = 40;
export const CHANNEL: usize = 44;
export const QUEUE_COUNT: usize = 48;
export const FEATURES: usize = 56;
export const CONFIG_BYTES: usize = 64;
export const CONFIG: usize = 0x400;
export const OWN: usize = 0x1000;

const QUEUES: usize = 0x100;
const QUEUE_BYTES: usize = 64;
export const QUEUE_SIZE: usize = 0;
export const QUEUE_READY: usize = 4;
export const QUEUE_DESCRIPTORS: usize = 8;
export const QUEUE_DRIVER: usize = 16;
export const QUEUE_DEVICE: usize = 24;
export const QUEUE_NEXT_AVAILABLE: usize = 32;
export const QUEUE_NEXT_USED: usize = 36;

export const MAX_QUEUE_SIZE: u32 = 128;

// Device types (§5).
export const VIRTIO_BLOCK: u32 = 2;
export const VIRTIO_CONSOLE: u32 = 3;
export const VIRTIO_ENTROPY: u32 = 4;

// Device status bits (§2.1).
export const STATUS_FEATURES_OK: u32 = 8;
export const STATUS_DRIVER_OK: u32 = 4;
export const STATUS_NEEDS_RESET: u32 = 64;

// Feature bits (§6).
export const FEATURE_INDIRECT: u64 = 1 << 28;
export const FEATURE_VERSION_1: u64 = (<u64>1) << 32;

/** State block of device `index`. */
export function virtioDevice(index: u32): usize {
  return VIRTIO_STATE + <usize>index * VIRTIO_STATE_BYTES;
}

/** State of queue `index` of a device. */
export function virtioQueue(device: usize, index: u32): usize {
  return device + QUEUES + <usize>index * QUEUE_BYTES;
}
