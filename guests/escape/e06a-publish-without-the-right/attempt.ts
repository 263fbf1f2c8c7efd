import { unitModule } from '../../../hypervisor/code-publishing/testing/unit-module.ts';
import { publishAttempt } from '../publish.ts';

export const publishWithoutTheRight = publishAttempt({
  id: 'E06a',
  name: 'publish code without being a machine',
  wants: 'integrity',
  ancestor: 'just-in-time compilers reachable by whoever asks',
  statement:
    'Only the RV64 machine, when it translates, may add code to its table. A unikernel asks to add a module that would be right. The right is a part of what its partition was created with, and nothing that a guest can set.',
  fallen: [],
  heldBy: [['publishing-right']],
  what: 'to publish a correct module from a unikernel',
  module: unitModule(),
  succeeds: ({ result }) => result === 7,
});
