// Controls of the hypercall interface.
import type { Control } from '../control.ts';

const boundary = 'guest and hypervisor';

export const hypercallControls: readonly Control[] = [
  {
    id: 'privilege-mask',
    holds: "checks the calling partition's privileges, bit by bit",
    boundary,
    removal: [
      {
        file: 'hypervisor/partition/privilege-mask.ts',
        from: '  return bit < 32 ? ((mask.lo >>> bit) & 1) === 1 : ((mask.hi >>> (bit - 32)) & 1) === 1;',
        to: '  return mask !== undefined && bit >= 0;',
      },
    ],
  },
];
