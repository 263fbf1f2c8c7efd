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

const partitionFlags =
  'export function partitionEngineFlags(options: { memoryPages: number }): string[] {\n  return [\n';

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
        from: 'return runVirtualProcessor(task);',
        to: 'return runPlanted(task).then(runVirtualProcessor);',
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
  {
    id: 'one-memory',
    holds: 'admits no module that defines a memory',
    boundary: 'guest and hypervisor',
    removal: [
      {
        file: 'hypervisor/partition/admission.ts',
        from: "if (section.u32() > 0) throw new AdmissionError('module defines a memory of its own');",
        to: '',
      },
    ],
  },
  {
    id: 'memory-maximum',
    holds: "makes a guest's memory with its quota as the maximum",
    boundary: 'guest and hypervisor',
    removal: [
      {
        file: 'hypervisor/platform/guest-memory.ts',
        from: '{ initial: pages, maximum: pages, shared: true }',
        to: '{ initial: pages, maximum: 65_536, shared: true }',
      },
    ],
  },
  {
    id: 'engine-memory-limit',
    holds: 'starts the engine with the quota as the most that any memory may have',
    boundary: 'guest and hypervisor',
    removal: [
      {
        file: 'hypervisor/isolation/engine-flags.ts',
        from: `    \`--wasm-max-mem-pages=\${options.memoryPages}\`,\n`,
        to: '',
      },
    ],
  },
  {
    id: 'fresh-memory',
    holds: 'makes a memory for each partition, and gives none on',
    boundary: 'guest and guest',
    removal: [
      {
        file: 'hypervisor/platform/guest-memory.ts',
        from: '  return new WebAssembly.Memory(',
        to: '  return (recycled[pages] ??= new WebAssembly.Memory(',
      },
      {
        file: 'hypervisor/platform/guest-memory.ts',
        from: 'maximum: pages, shared: true });\n}',
        to: 'maximum: pages, shared: true }));\n}\nconst recycled = [];',
      },
    ],
  },
  {
    id: 'exact-copy',
    holds: "copies a guest's boot arguments out of the engine's pool of buffers, and no more",
    boundary: 'guest and hypervisor',
    removal: [
      {
        file: 'hypervisor/isolation/partition-host.ts',
        from: 'bootArguments: new Uint8Array(bootArguments),',
        to: 'bootArguments: new Uint8Array(bootArguments.buffer),',
      },
    ],
  },
  {
    id: 'bounds-checks',
    holds: "checks in the engine that each access lies in the guest's memory",
    boundary: 'guest and its own sandbox',
    removal: [
      {
        file: 'hypervisor/isolation/engine-flags.ts',
        from: partitionFlags,
        to: `${partitionFlags}    '--no-wasm-bounds-checks',\n    '--disable-wasm-trap-handler',\n`,
      },
    ],
  },
  {
    id: 'stack-checks',
    holds: 'compares, in the engine, the stack with its limit at each call',
    boundary: 'guest and its own sandbox',
    removal: [
      {
        file: 'hypervisor/isolation/engine-flags.ts',
        from: partitionFlags,
        to: `${partitionFlags}    '--no-wasm-stack-checks',\n`,
      },
    ],
  },
];
