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
  {
    id: 'control-word-check',
    holds: 'refuses control words with anything in them that the call does not take',
    boundary,
    removal: [
      {
        file: 'hypervisor/hypercall/dispatcher.ts',
        from: 'const status = checkControlWord(lo, hi, form);',
        to: 'const status = HV_STATUS_SUCCESS;',
      },
    ],
  },
  {
    id: 'parameter-block-check',
    holds: "checks that a hypercall's parameters are aligned, within a page and within the caller's memory",
    boundary,
    removal: [
      {
        file: 'hypervisor/hypercall/hypercall-context.ts',
        from: '  if ((lo & 7) !== 0) return HV_STATUS_INVALID_ALIGNMENT;\n',
        to: '  if (lo >= 0) return HV_STATUS_SUCCESS;\n',
      },
    ],
  },
  {
    id: 'synic-page-check',
    holds: 'lets the message and event pages lie in memory only',
    boundary,
    removal: [
      {
        file: 'hypervisor/hypercall/register-calls.ts',
        from: '      if (!context.memory.contains(gpa, HV_PAGE_SIZE)) return HV_STATUS_INVALID_REGISTER_VALUE;\n',
        to: '',
      },
    ],
  },
  {
    id: 'own-registers',
    holds: "lets register calls name the caller's own partition only",
    boundary,
    removal: [
      {
        file: 'hypervisor/hypercall/register-calls.ts',
        from: '  if (!isSelf) return HV_STATUS_INVALID_PARTITION_ID;\n',
        to: '',
      },
    ],
  },
  {
    id: 'clock-privilege',
    holds: 'gives a guest without the privilege for reference time a clock that stands',
    boundary,
    removal: [
      {
        file: 'hypervisor/virtual-processor/run-loop.ts',
        from: 'referenceTime: mayReadTime(task) ? referenceTime : () => 0,',
        to: 'referenceTime,',
      },
    ],
  },
  {
    id: 'message-type-check',
    holds: "refuses messages of no type and of the hypervisor's own types",
    boundary,
    removal: [
      {
        file: 'hypervisor/hypercall/synic-calls.ts',
        from: '    type === 0 ||\n    (type & HV_MESSAGE_TYPE_HYPERVISOR_MASK) !== 0 ||\n',
        to: '',
      },
    ],
  },
  {
    id: 'forced-stop',
    holds: 'ends a guest by force that does not stop within a second of being told',
    boundary,
    removal: [
      {
        file: 'hypervisor/partition/partition.ts',
        from: 'const timer = setTimeout(() => void this.#container.kill(), STOP_TIMEOUT_MS);',
        to: 'const timer = setTimeout(() => {}, STOP_TIMEOUT_MS);',
      },
    ],
  },
  {
    id: 'hypercall-bucket',
    holds: 'has a VP wait, in its next call, that has made more hypercalls than it may',
    boundary,
    removal: [
      {
        file: 'hypervisor/hypercall/dispatcher.ts',
        from: '    if (calls === sliceEnd) sliceEnd = throttle.nextSlice(calls);\n',
        to: '',
      },
    ],
  },
  {
    id: 'one-page-block',
    holds: 'has one page hold all that a call works on, so that no call works for long',
    boundary,
    removal: [
      {
        file: 'hypervisor/hypercall/hypercall-context.ts',
        from: 'hi !== 0 || (lo % HV_PAGE_SIZE) + length > HV_PAGE_SIZE || !context.memory',
        to: 'hi !== 0 || !context.memory',
      },
    ],
  },
];
