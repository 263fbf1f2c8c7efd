// What both transports do to a device: features, status, queues (virtio 1.3 §2, §3). A queue's addresses and size are
// latched: once it is ready they can be changed by a reset only.

import {
  CONFIG,
  CONFIG_BYTES,
  DRIVER_FEATURE_SELECT,
  DRIVER_FEATURES,
  FEATURE_SELECT,
  FEATURE_VERSION_1,
  FEATURES,
  GENERATION,
  INTERRUPT_STATUS,
  MAX_QUEUE_SIZE,
  QUEUE_COUNT,
  QUEUE_NEXT_AVAILABLE,
  QUEUE_NEXT_USED,
  QUEUE_READY,
  QUEUE_SELECT,
  QUEUE_SIZE,
  STATUS,
  STATUS_DRIVER_OK,
  STATUS_FEATURES_OK,
  STATUS_NEEDS_RESET,
  virtioDevice,
  virtioQueue,
} from './device-state.ts';
import { notifyDevice, resetDevice } from './devices.ts';
import { acknowledgeInterrupt } from './interrupts.ts';

/** The 32 device feature bits that the driver selected. */
export function selectedFeatures(device: usize): u32 {
  const select = load<u32>(device + FEATURE_SELECT);
  return select > 1 ? 0 : load<u32>(device + FEATURES + ((<usize>select) << 2));
}

export function setDriverFeatures(device: usize, value: u32): void {
  const select = load<u32>(device + DRIVER_FEATURE_SELECT);
  const isNegotiating = (load<u32>(device + STATUS) & STATUS_FEATURES_OK) == 0;
  if (select <= 1 && isNegotiating) store<u32>(device + DRIVER_FEATURES + ((<usize>select) << 2), value);
}

/** Writes the device status; 0 resets. */
export function setStatus(index: u32, value: u32): void {
  const device = virtioDevice(index);
  if (value == 0) {
    reset(index);
    return;
  }
  let status = value & 0x8f;
  const driverFeatures = load<u64>(device + DRIVER_FEATURES);
  const isAcceptable =
    (driverFeatures & ~load<u64>(device + FEATURES)) == 0 && (driverFeatures & FEATURE_VERSION_1) != 0;
  // The driver reads the bit back to learn whether its choice was accepted (§3.1.1).
  if (!isAcceptable) status &= ~(STATUS_FEATURES_OK | STATUS_DRIVER_OK);
  const kept = load<u32>(device + STATUS) & STATUS_NEEDS_RESET;
  store<u32>(device + STATUS, status | kept);
}

function reset(index: u32): void {
  const device = virtioDevice(index);
  store<u32>(device + STATUS, 0);
  store<u32>(device + FEATURE_SELECT, 0);
  store<u32>(device + DRIVER_FEATURE_SELECT, 0);
  store<u64>(device + DRIVER_FEATURES, 0);
  store<u32>(device + QUEUE_SELECT, 0);
  store<u32>(device + GENERATION, load<u32>(device + GENERATION) + 1);
  for (let queue: u32 = 0; queue < load<u32>(device + QUEUE_COUNT); queue++) {
    memory.fill(virtioQueue(device, queue), 0, 64);
    store<u32>(virtioQueue(device, queue) + QUEUE_SIZE, MAX_QUEUE_SIZE);
  }
  acknowledgeInterrupt(index, load<u32>(device + INTERRUPT_STATUS));
  resetDevice(index);
}

/** The selected queue's state, 0 when there is no such queue. */
export function selectedQueue(device: usize): usize {
  const select = load<u32>(device + QUEUE_SELECT);
  return select < load<u32>(device + QUEUE_COUNT) ? virtioQueue(device, select) : 0;
}

export function setQueueSize(device: usize, size: u32): void {
  const queue = selectedQueue(device);
  if (queue == 0 || load<u32>(queue + QUEUE_READY) != 0) return;
  if (size > 0 && size <= MAX_QUEUE_SIZE && (size & (size - 1)) == 0) store<u32>(queue + QUEUE_SIZE, size);
}

/** Writes half of one of the queue's three addresses; `field` is the address's offset plus 4 for its high half. */
export function setQueueAddress(device: usize, field: usize, value: u32): void {
  const queue = selectedQueue(device);
  if (queue != 0 && load<u32>(queue + QUEUE_READY) == 0) store<u32>(queue + field, value);
}

export function setQueueReady(device: usize, value: u32): void {
  const queue = selectedQueue(device);
  if (queue == 0) return;
  store<u32>(queue + QUEUE_READY, value & 1);
  if ((value & 1) == 0) {
    store<u32>(queue + QUEUE_NEXT_AVAILABLE, 0);
    store<u32>(queue + QUEUE_NEXT_USED, 0);
  }
}

export function notifyQueue(index: u32, queue: u32): void {
  if (queue < load<u32>(virtioDevice(index) + QUEUE_COUNT)) notifyDevice(index, queue);
}

/** Reads the configuration space; beyond its end, zeros. */
export function configLoad(device: usize, offset: u32, width: u32): u64 {
  if (offset + width > load<u32>(device + CONFIG_BYTES)) return 0;
  const at = device + CONFIG + offset;
  if (width == 1) return load<u8>(at);
  if (width == 2) return load<u16>(at);
  return width == 4 ? load<u32>(at) : load<u64>(at);
}
