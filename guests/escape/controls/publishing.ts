// Controls of code publishing: what the RV64 machine's translator may add to its partition.
import type { Control } from '../control.ts';

const boundary = 'guest and hypervisor';

export const publishingControls: readonly Control[] = [
  {
    id: 'publishing-right',
    holds:
      'lets nobody but the RV64 machine publish code; without it a hostile unikernel may, as a machine taken over could',
    boundary,
    removal: [
      {
        file: 'hypervisor/guest-kinds.ts',
        from: "  guest.kind !== 'unikernel' && (guest.engine ?? DEFAULT_ENGINE) === 'translator';",
        to: '  guest.kind.length > 0;',
      },
    ],
  },
  {
    id: 'published-module-check',
    holds: 'admits published modules that are a unit and nothing else, by a parser of its own',
    boundary,
    removal: [
      {
        file: 'hypervisor/code-publishing/code-publisher.ts',
        from: 'const broken = checkUnitModule(bytes);',
        to: 'const broken = bytes.length > 0 ? undefined : checkUnitModule(bytes);',
      },
    ],
  },
  {
    id: 'bare-published-imports',
    holds: "links published modules with an object that has none of JavaScript's own properties",
    boundary,
    removal: [
      {
        file: 'hypervisor/code-publishing/code-publisher.ts',
        from: 'env: Object.assign(Object.create(null), { memory: this.#memory, table }),',
        to: 'env: { memory: this.#memory, table },',
      },
    ],
  },
  {
    id: 'published-indices',
    holds: "keeps published code to table indices above the machine's own functions",
    boundary,
    removal: [
      {
        file: 'hypervisor/code-publishing/code-publisher.ts',
        from: 'if (index < FIRST_PUBLISHED_INDEX || index >= END_OF_INDICES) {',
        to: 'if (index >= END_OF_INDICES) {',
      },
    ],
  },
  {
    id: 'published-module-size',
    holds: 'refuses published modules of more than half a MiB',
    boundary,
    removal: [
      {
        file: 'hypervisor/code-publishing/check-module.ts',
        from: 'if (bytes.length > MAX_BYTES)',
        to: 'if (bytes.length < 0)',
      },
    ],
  },
];
