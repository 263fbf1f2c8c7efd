// What holds each entry of the attack surface.
import type { SurfaceLinks } from '../surface.ts';
import { deviceAndFrameLinks } from './devices-and-frames.ts';
import { fileAndCommandLinks } from './files-and-commands.ts';
import { guestInterfaceLinks } from './guest-interface.ts';
import { machineLinks } from './machine.ts';
import { processLinks } from './processes.ts';

export const surfaceLinks: readonly SurfaceLinks[] = [
  ...guestInterfaceLinks,
  ...deviceAndFrameLinks,
  ...processLinks,
  ...machineLinks,
  ...fileAndCommandLinks,
];
