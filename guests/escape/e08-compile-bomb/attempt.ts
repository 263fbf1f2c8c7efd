import { unitModule } from '../../../hypervisor/code-publishing/testing/unit-module.ts';
import { publishAttempt } from '../publish.ts';

const MEBIBYTE = 1024 * 1024;
const withoutCode = unitModule({ arrange: (sections) => sections.slice(0, -1) });

export const compileBomb = publishAttempt({
  id: 'E08',
  name: 'publish a compile bomb',
  wants: 'availability',
  ancestor: 'compile bombs: modules that take seconds and gigabytes to compile',
  statement:
    'A taken-over machine publishes a function of 3 MiB. Checking and compiling it happens within the hypercall, on time that no budget counts. A module may have half a MiB; what is larger is refused unread.',
  heldBy: [['published-module-size']],
  what: 'to publish a module of 3 MiB',
  module: withoutCode,
  padding: 3 * MEBIBYTE,
});
