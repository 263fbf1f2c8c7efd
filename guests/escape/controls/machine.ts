// Controls within the emulated machine: it is a part of its guest, and yet keeps programs from their kernel's powers.
import type { Control } from '../control.ts';

export const machineControls: readonly Control[] = [
  {
    id: 'calls-of-the-kernel',
    holds: "answers environment calls of the kernel's mode, and makes a program's a trap of its kernel's",
    boundary: 'program and its kernel',
    removal: [
      {
        file: 'guests/riscv/machine/hart/system.ts',
        from: 'if (mode != 1 || !load<u32>(SBI_MODE)) return',
        to: 'if (!load<u32>(SBI_MODE)) return',
      },
    ],
  },
];
