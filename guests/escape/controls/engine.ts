// Controls within the partition process: the engine, and what the hypervisor makes of a guest's module before the
// engine sees it.
import type { Control } from '../control.ts';

const enginePermissions = `    '--permission',
    \`--allow-fs-read=\${installationTop}/dist/*\`,
    \`--allow-fs-read=\${installationTop}/package.json\`,
    \`--allow-fs-read=\${installationTop}/node_modules/*\`,
    \`--allow-fs-read=\${poolFolder()}/*\`,
    '--allow-worker',
    '--allow-ffi',
`;

export const engineControls: readonly Control[] = [
  {
    id: 'engine',
    holds:
      "keeps a guest's code in its WebAssembly sandbox; without it the attacker's own JavaScript runs instead",
    boundary: 'guest and its own sandbox',
    removal: [
      {
        file: 'hypervisor/virtual-processor/vp-worker.ts',
        from: "import type { VpOutcome, VpTask } from './vp-task.ts';",
        to: "import type { VpOutcome, VpTask } from './vp-task.ts';\nimport { runPlanted } from '../../guests/escape/planted.ts';",
      },
      {
        file: 'hypervisor/virtual-processor/vp-worker.ts',
        from: "return 'warmUp' in task ? 'warm' : runVirtualProcessor(task);",
        to: "return 'warmUp' in task ? 'warm' : runPlanted(task).then(runVirtualProcessor);",
      },
      {
        // Who owns the engine is not bound by its permissions.
        file: 'hypervisor/isolation/engine-flags.ts',
        from: enginePermissions,
        to: '',
      },
    ],
  },
  {
    id: 'import-list',
    holds: 'admits a module only if it imports nothing but the functions of hv and its memory',
    boundary: 'guest and hypervisor',
    removal: [
      {
        file: 'hypervisor/partition/admission.ts',
        from: '  if (kind !== 0 || expected === undefined) {\n    throw new AdmissionError(',
        to: '  if (kind !== 0 || expected === undefined) {\n    found.functions.push(section.u32());\n    return;\n    throw new AdmissionError(',
      },
    ],
  },
  {
    id: 'bare-import-object',
    holds: "gives the engine import objects without JavaScript's own properties",
    boundary: 'guest and hypervisor',
    removal: [
      {
        file: 'hypervisor/virtual-processor/run-loop.ts',
        from: 'hv: Object.assign(Object.create(null), hv),',
        to: 'hv,',
      },
    ],
  },
];
