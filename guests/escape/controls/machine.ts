// Controls inside of the sandbox: what the RV64 machine keeps from a program that is not its kernel, and what its devices
// take from the guest's drivers.
import type { Control } from '../control.ts';

const boundary = 'guest and its own sandbox';

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
  {
    id: 'chain-length',
    holds: 'follows a chain of descriptors no further than its queue is long',
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/virtio/virtqueue.ts',
        from: 'for (let steps: u32 = 0; steps <= size; steps++) {',
        to: 'for (let steps: u32 = 0; steps >= 0; steps++) {',
      },
    ],
  },
  {
    id: 'ram-bounds',
    holds: 'lets devices reach guest memory only where there is RAM',
    boundary,
    removal: [
      {
        file: 'guests/riscv/machine/hart/physical.ts',
        from: 'return isRam(gpa, length) ? RAM_BASE + <usize>(gpa - RAM_GPA) : 0;',
        to: 'return RAM_BASE + <usize>(gpa - RAM_GPA);',
      },
    ],
  },
];
