import {
  memoryImport,
  name,
  tableImport,
  unitModule,
} from '../../../hypervisor/code-publishing/testing/unit-module.ts';
import { publishAttempt } from '../publish.ts';

const constructorImport = [...name('env'), ...name('constructor'), 0, 0];

export const publishAnImport = publishAttempt({
  id: 'E06b',
  name: 'publish code that imports something else',
  wants: 'integrity',
  ancestor: 'translated code that reaches the host (Wasmtime CVE-2023-26489 class), import confusion',
  statement:
    "A taken-over machine publishes a module that imports, beside its memory and table, env.constructor: what every JavaScript object inherits. Linked, it would let guest code call the host's Object function. The check admits two imports and no other, and the object given to the engine inherits nothing.",
  heldBy: [['published-module-check', 'bare-published-imports']],
  what: 'to publish a module that imports env.constructor, and to call it',
  module: unitModule({
    imports: [3, ...memoryImport(), ...tableImport, ...constructorImport],
    exports: [1, ...name('0'), 0, 1],
    // local.get 0 to 3, call 0
    code: [0x20, 0, 0x20, 1, 0x20, 2, 0x20, 3, 0x10, 0, 0x0b],
  }),
  succeeds: ({ result }) => result === 7,
});
