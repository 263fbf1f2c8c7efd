import { section, unitModule } from '../../../hypervisor/code-publishing/testing/unit-module.ts';
import { publishAttempt } from '../publish.ts';

const memory = section(5, [1, 0, 1]);

export const publishAMemory = publishAttempt({
  id: 'E06c',
  name: 'publish code with a memory of its own',
  wants: 'availability',
  ancestor: 'memory that no quota counts; WebAssembly multi-memory',
  statement:
    'A taken-over machine publishes a module that defines a memory, and grows it: memory beyond the quota, as much as there are modules. The check knows the sections that a unit has, in their order; a memory section is none of them.',
  heldBy: [['published-module-check']],
  what: 'to publish a module with a second memory, and to grow that by 20 pages',
  module: unitModule({
    arrange: ([types = [], imports = [], functions = [], ...rest]) => [
      types,
      imports,
      functions,
      memory,
      ...rest,
    ],
    // i32.const 20, memory.grow 1: gives 1, the old size
    code: [0x41, 20, 0x40, 1, 0x0b],
  }),
  succeeds: ({ result }) => result === 1,
});
