// Controls of the hypervisor against a partition process that is no longer ours: what it believes, and how much.
import type { Control } from '../control.ts';

const boundary = 'guest and hypervisor';
const CONTAINER = 'hypervisor/isolation/process-container.ts';

export const controlStreamControls: readonly Control[] = [
  {
    id: 'control-message-size',
    holds: 'takes control messages of at most 64 KiB',
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/control-stream.ts',
        from: 'if (length > limit) throw',
        to: 'if (length > limit && isModule) throw',
      },
    ],
  },
  {
    id: 'checked-counters',
    holds: 'makes numbers of the counters that a partition process reports',
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/control-events.ts',
        from: '[name, word(given[name])]',
        to: '[name, given[name] ?? 0]',
      },
    ],
  },
  {
    id: 'walls-told-once',
    holds: "believes a partition process's walls before it has seen its guest, and never again",
    boundary,
    removal: [{ file: CONTAINER, from: '        if (this.#isReady) break;\n', to: '' }],
  },
  {
    id: 'printable-reasons',
    holds: 'makes what a partition process says of refused code printable and short',
    boundary,
    removal: [
      {
        file: 'hypervisor/partition/refusal-audit.ts',
        from: 'const reason = printable(this.#reason, MAX_REASON);',
        to: 'const reason = this.#reason;',
      },
    ],
  },
  {
    id: 'printable-ends',
    holds: 'makes what is said of the end of a partition printable and short',
    boundary,
    removal: [
      {
        file: 'hypervisor/partition-exit.ts',
        from: 'message: printable(message, MAX_MESSAGE)',
        to: 'message',
      },
    ],
  },
  {
    id: 'standard-error-tail',
    holds: "keeps the last 4096 characters of a partition process's standard error",
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/launcher.ts',
        from: 'this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL_CHARACTERS);',
        to: 'this.#stderr += text;',
      },
    ],
  },
  {
    id: 'standard-error-rate',
    holds: "reads a partition process's standard error no faster than 64 KiB a second",
    boundary,
    removal: [
      {
        file: 'hypervisor/isolation/bounded-text.ts',
        from: 'if (bucket.charge(text.length)) return;',
        to: 'if (text.length >= 0) return;',
      },
    ],
  },
  {
    id: 'handed-on-descriptors-are-closed',
    holds: 'closes its own end of the descriptors that it hands to a partition process',
    boundary,
    removal: [{ file: CONTAINER, from: '      closeDescriptor(rootSocketFd);\n', to: '' }],
  },
  {
    id: 'no-debugger-signal',
    holds: 'has partition processes ignore the signal that opens a debugger',
    boundary: 'partition process and host',
    removal: [
      {
        file: 'hypervisor/isolation/engine-flags.ts',
        from: "    '--disable-sigusr1',\n    '--no-addons',\n  ];\n}\n\n/** Flags of the root",
        to: "    '--no-addons',\n  ];\n}\n\n/** Flags of the root",
      },
    ],
  },
  {
    id: 'no-debugger-permission',
    holds: "leaves a partition process's engine no permission for its own debugger",
    boundary: 'partition process and host',
    removal: [
      {
        file: 'hypervisor/isolation/engine-flags.ts',
        from: "    '--permission',\n",
        to: "    '--permission',\n    '--allow-inspector',\n",
      },
    ],
  },
];
