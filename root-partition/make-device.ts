// Makes a virtual device from its configuration and the descriptors that the hypervisor handed over.
import { closeSync } from 'node:fs';
import type { ChannelConfiguration, VolumeConfiguration } from '../hypervisor/vmbus/root-control.ts';
import { ClockService, DEFAULT_GRANULARITY_NS } from './clock/service.ts';
import { ConsoleService } from './console/service.ts';
import { SinkService } from './console/sink.ts';
import type { Device } from './device.ts';
import { EntropyService } from './entropy/service.ts';
import { OverlayVolume } from './storage/overlay-volume.ts';
import { RawVolume } from './storage/raw-volume.ts';
import { ScratchVolume } from './storage/scratch-volume.ts';
import { StorageService } from './storage/service.ts';
import type { Turns } from './storage/turns.ts';
import type { Volume } from './storage/volume.ts';

/** Gives the descriptor of a file number, for good. @throws ControlError FILE_UNKNOWN */
export type TakeFile = (number: number) => number;

/**
 * @param turns those of the partition, shared by its disks
 * @throws ControlError, VolumeError; descriptors taken by then are the device's or the caller's to close
 */
export function makeDevice(configuration: ChannelConfiguration, take: TakeFile, turns: Turns): Device {
  switch (configuration.service) {
    case 'console':
      return new ConsoleService(configuration.scrollBackBytes);
    case 'sink':
      return new SinkService(configuration.label, take(configuration.file), configuration.maxBytes);
    case 'storage':
      return new StorageService(configuration.label, makeVolume(configuration.volume, take), turns);
    case 'entropy': {
      const { label, bytesPerSecond, burstBytes } = configuration;
      return new EntropyService(label, {
        ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
        ...(burstBytes === undefined ? {} : { burstBytes }),
      });
    }
    case 'clock':
      return new ClockService(configuration.label, configuration.granularityNs ?? DEFAULT_GRANULARITY_NS);
  }
}

function makeVolume(volume: VolumeConfiguration, take: TakeFile): Volume {
  switch (volume.kind) {
    case 'raw':
      return owning([take(volume.file)], ([fd]) => new RawVolume(fd as number, volume.isReadOnly));
    case 'scratch':
      return new ScratchVolume(volume.capacityBytes);
    case 'overlay':
      return owning(
        [take(volume.base), take(volume.overlay)],
        ([base, overlay]) => new OverlayVolume(base as number, overlay as number, volume.maxBytes),
      );
  }
}

/** Closes the descriptors when nobody comes to own them. */
function owning<T>(fds: number[], make: (fds: number[]) => T): T {
  try {
    return make(fds);
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
}
