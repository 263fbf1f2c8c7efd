// The virtual devices that a partition's options ask for, as the root partition is told about them.
import type { Guest } from '../guest-kinds.ts';
import { openForPartition, openOutput } from '../platform/files.ts';
import type { ChannelConfiguration, FileNumber } from '../vmbus/root-control.ts';

/** A block device of a partition. Labels are disk0, disk1, … in order. */
export interface Disk {
  /** A raw image file or a block device. */
  path: string;
  isReadOnly?: boolean;
  /** Writes go to this file (made when missing), `path` stays as it is. */
  overlay?: string;
}

const MAX_STREAM_BYTES = 64 * 1024 * 1024 * 1024;
const ENTROPY = { service: 'entropy', label: 'entropy' } as const;

/**
 * Opens what must be opened and describes the channels.
 * @param give hands a descriptor to the root partition and returns its number
 */
export function describeDevices(
  guest: Guest,
  disks: readonly Disk[],
  clockGranularityNs: number,
  give: (fd: number) => FileNumber,
): ChannelConfiguration[] {
  const readOnly = (label: string, path: string): ChannelConfiguration => ({
    service: 'storage',
    label,
    volume: { kind: 'raw', file: give(openForPartition(path, 'read')), isReadOnly: true },
  });
  const sink = (label: string, path: string): ChannelConfiguration => ({
    service: 'sink',
    label,
    file: give(openOutput(path)),
    maxBytes: MAX_STREAM_BYTES,
  });
  const channels: ChannelConfiguration[] = [
    { service: 'console', label: 'console' },
    ENTROPY,
    { service: 'clock', label: 'clock', granularityNs: clockGranularityNs },
  ];
  disks.forEach((disk, index) => {
    channels.push({ service: 'storage', label: `disk${index}`, volume: describeDisk(disk, give) });
  });
  if (guest.kind === 'linux') {
    channels.push(readOnly('kernel', guest.kernel));
    if (guest.initrd !== undefined) channels.push(readOnly('initrd', guest.initrd));
  }
  if (guest.kind === 'bare-metal') {
    channels.push(readOnly('kernel', guest.elf));
    if (guest.signature !== undefined) channels.push(sink('signature', guest.signature.file));
    if (guest.trace !== undefined) channels.push(sink('trace', guest.trace));
  }
  return channels;
}

function describeDisk(
  disk: Disk,
  give: (fd: number) => FileNumber,
): Extract<ChannelConfiguration, { service: 'storage' }>['volume'] {
  if (disk.overlay !== undefined) {
    const base = give(openForPartition(disk.path, 'read'));
    return { kind: 'overlay', base, overlay: give(openForPartition(disk.overlay, 'create')) };
  }
  const isReadOnly = disk.isReadOnly ?? false;
  return { kind: 'raw', file: give(openForPartition(disk.path, isReadOnly ? 'read' : 'write')), isReadOnly };
}
