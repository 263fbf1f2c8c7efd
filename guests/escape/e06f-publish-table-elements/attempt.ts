import { section, unitModule } from '../../../hypervisor/code-publishing/testing/unit-module.ts';
import { publishAttempt } from '../publish.ts';

/** One active segment for table 0: at i32.const 1, function 0. */
const elements = section(9, [1, 0, 0x41, 1, 0x0b, 1, 0]);

export const publishTableElements = publishAttempt({
  id: 'E06f',
  name: 'publish code that fills the table itself',
  wants: 'integrity',
  ancestor: 'active segments, which write into imported tables and memories while a module is linked',
  statement:
    "A taken-over machine publishes at an index that is right, a module whose element segment writes its function to another: to one of the machine's own. The engine would do so while it links the module. The check admits no element section, and no data section either.",
  heldBy: [['published-module-check']],
  what: 'to publish a module with an element segment for table index 1',
  module: unitModule({ beforeCode: elements }),
  call: 1,
  succeeds: ({ result }) => result === 7,
});
