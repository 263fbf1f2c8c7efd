// Every kind of surface.
import type { SurfaceGroup } from '../surface.ts';
import { devicesAndFrames } from './devices-and-frames.ts';
import { filesAndCommands } from './files-and-commands.ts';
import { guestInterface } from './guest-interface.ts';
import { machine } from './machine.ts';
import { processes } from './processes.ts';

export const surfaceGroups: readonly SurfaceGroup[] = [
  ...guestInterface,
  ...devicesAndFrames,
  ...processes,
  ...machine,
  ...filesAndCommands,
];
