// The machine's virtio devices: which there are, and who behaves how. The device contract is four functions: attach,
// notify (the driver kicked a queue), reset, poll (the channel or the console has something).
import {
  CHANNEL_SERVICE_ENTROPY,
  CHANNEL_SERVICE_STORAGE,
} from '../../../../hypervisor/abi/channels/services.ts';
import { openMachineChannel } from '../machine-channels.ts';
import { attachPciDevices } from '../pci/host-bridge.ts';
import { attachBlock, notifyBlock, pollBlock, resetBlock } from './block/device.ts';
import { attachConsole, notifyConsole, pollConsole } from './console/device.ts';
import {
  IS_ON_PCI,
  MAX_QUEUE_SIZE,
  QUEUE_COUNT,
  QUEUE_SIZE,
  TYPE,
  VIRTIO_BLOCK,
  VIRTIO_CONSOLE,
  VIRTIO_DEVICES,
  VIRTIO_ENTROPY,
  virtioDevice,
  virtioQueue,
} from './device-state.ts';
import { attachEntropy, notifyEntropy, pollEntropy, resetEntropy } from './entropy/device.ts';

const DISK_RING_PAGES: u32 = 128;

/** Attaches a console, the disks and an entropy source, in this order; returns how many MMIO slots are in use. */
export function attachVirtioDevices(isOnPci: bool): u32 {
  let index: u32 = 0;
  attachConsole(index);
  finishAttach(index++, isOnPci);
  for (let disk: u32 = 0; disk < VIRTIO_DEVICES - 2; disk++) {
    const label = 'disk' + disk.toString();
    const channel = openMachineChannel(CHANNEL_SERVICE_STORAGE, label, DISK_RING_PAGES, DISK_RING_PAGES);
    if (channel == 0) break;
    if (attachBlock(index, channel)) finishAttach(index++, isOnPci);
  }
  const entropy = openMachineChannel(CHANNEL_SERVICE_ENTROPY, 'entropy', 1, 4);
  if (entropy != 0) {
    attachEntropy(index, entropy);
    finishAttach(index++, isOnPci);
  }
  if (isOnPci) attachPciDevices();
  return isOnPci ? 0 : index;
}

function finishAttach(index: u32, isOnPci: bool): void {
  const device = virtioDevice(index);
  store<u32>(device + IS_ON_PCI, isOnPci ? 1 : 0);
  for (let queue: u32 = 0; queue < load<u32>(device + QUEUE_COUNT); queue++) {
    store<u32>(virtioQueue(device, queue) + QUEUE_SIZE, MAX_QUEUE_SIZE);
  }
}

export function notifyDevice(index: u32, queue: u32): void {
  switch (load<u32>(virtioDevice(index) + TYPE)) {
    case VIRTIO_BLOCK:
      notifyBlock(index);
      break;
    case VIRTIO_CONSOLE:
      notifyConsole(index, queue);
      break;
    case VIRTIO_ENTROPY:
      notifyEntropy(index);
      break;
    default:
      break;
  }
}

export function resetDevice(index: u32): void {
  const type = load<u32>(virtioDevice(index) + TYPE);
  if (type == VIRTIO_BLOCK) resetBlock(index);
  else if (type == VIRTIO_ENTROPY) resetEntropy(index);
}

/** Lets every device look at its channel. */
export function pollVirtioDevices(): void {
  for (let index: u32 = 0; index < VIRTIO_DEVICES; index++) {
    switch (load<u32>(virtioDevice(index) + TYPE)) {
      case VIRTIO_BLOCK:
        pollBlock(index);
        break;
      case VIRTIO_CONSOLE:
        pollConsole(index);
        break;
      case VIRTIO_ENTROPY:
        pollEntropy(index);
        break;
      default:
        return;
    }
  }
}
