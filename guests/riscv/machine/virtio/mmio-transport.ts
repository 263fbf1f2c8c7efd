// virtio over MMIO, version 2 (virtio 1.3 §4.2.2).
//
//   offset  name                 access   offset  name                access
//   0x000   magic "virt"         r        0x050   queue notify        w
//   0x004   version 2            r        0x060   interrupt status    r
//   0x008   device id            r        0x064   interrupt ack       w
//   0x00c   vendor id            r        0x070   status              rw
//   0x010   device features      r        0x080   descriptors lo, hi  w
//   0x014   … select             w        0x090   driver ring lo, hi  w
//   0x020   driver features      w        0x0a0   device ring lo, hi  w
//   0x024   … select             w        0x0fc   config generation   r
//   0x030   queue select         w        0x100   configuration       r
//   0x034   queue size max       r
//   0x038   queue size           w
//   0x044   queue ready          rw
import {
  CONFIG_GENERATION,
  DRIVER_FEATURE_SELECT,
  FEATURE_SELECT,
  INTERRUPT_STATUS,
  IS_ON_PCI,
  MAX_QUEUE_SIZE,
  QUEUE_DESCRIPTORS,
  QUEUE_DEVICE,
  QUEUE_DRIVER,
  QUEUE_READY,
  QUEUE_SELECT,
  STATUS,
  TYPE,
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

const MAGIC: u32 = 0x7472_6976;
const VENDOR: u32 = 0x4346_4643;
const CONFIG_OFFSET: u32 = 0x100;

export function virtioMmioLoad(offset: u32, width: u32): u64 {
  const device = virtioDevice(offset >>> 12);
  const register = offset & 0xfff;
  if (load<u32>(device + IS_ON_PCI) != 0) return register == 0 ? MAGIC : register == 4 ? 2 : 0;
  if (register >= CONFIG_OFFSET) return configLoad(device, register - CONFIG_OFFSET, width);
  if (width != 4) return 0;
  switch (register) {
    case 0x000:
      return MAGIC;
    case 0x004:
      return 2;
    case 0x008:
      return load<u32>(device + TYPE);
    case 0x00c:
      return VENDOR;
    case 0x010:
      return selectedFeatures(device);
    case 0x034:
      return selectedQueue(device) != 0 ? MAX_QUEUE_SIZE : 0;
    case 0x044: {
      const queue = selectedQueue(device);
      return queue != 0 ? load<u32>(queue + QUEUE_READY) : 0;
    }
    case 0x060:
      return load<u32>(device + INTERRUPT_STATUS);
    case 0x070:
      return load<u32>(device + STATUS);
    case 0x0fc:
      return load<u32>(device + CONFIG_GENERATION);
    default:
      return 0;
  }
}

export function virtioMmioStore(offset: u32, width: u32, wide: u64): void {
  const index = offset >>> 12;
  const device = virtioDevice(index);
  const value = <u32>wide;
  if (width != 4 || load<u32>(device + TYPE) == 0 || load<u32>(device + IS_ON_PCI) != 0) return;
  switch (offset & 0xfff) {
    case 0x014:
      store<u32>(device + FEATURE_SELECT, value);
      break;
    case 0x020:
      setDriverFeatures(device, value);
      break;
    case 0x024:
      store<u32>(device + DRIVER_FEATURE_SELECT, value);
      break;
    case 0x030:
      store<u32>(device + QUEUE_SELECT, value);
      break;
    case 0x038:
      setQueueSize(device, value);
      break;
    case 0x044:
      setQueueReady(device, value);
      break;
    case 0x050:
      notifyQueue(index, value);
      break;
    case 0x064:
      acknowledgeInterrupt(index, value);
      break;
    case 0x070:
      setStatus(index, value);
      break;
    case 0x080:
    case 0x084:
      setQueueAddress(device, QUEUE_DESCRIPTORS + (offset & 4), value);
      break;
    case 0x090:
    case 0x094:
      setQueueAddress(device, QUEUE_DRIVER + (offset & 4), value);
      break;
    case 0x0a0:
    case 0x0a4:
      setQueueAddress(device, QUEUE_DEVICE + (offset & 4), value);
      break;
    default:
      break;
  }
}
