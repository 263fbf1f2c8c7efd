import {
  leb,
  section,
  UNIT_TYPE,
  unitModule,
} from '../../../hypervisor/code-publishing/testing/unit-module.ts';
import { MARKER, publishAttempt } from '../publish.ts';

const unit = [0, 0x20, 0, 0x0b];
/** i32.const MARKER (the same signed or not), i32.const 1, i32.store */
const start = [0, 0x41, ...leb(MARKER), 0x41, 1, 0x36, 2, 0, 0x0b];

export const publishAStartFunction = publishAttempt({
  id: 'E06d',
  name: 'publish code that runs at once',
  wants: 'availability',
  ancestor: 'constructors and start functions that run while the host loads code',
  statement:
    "A taken-over machine publishes a module with a start function. It would run within the hypercall, while the hypervisor's own frames are on the stack and no budget counts it. The check admits no start section.",
  heldBy: [['published-module-check']],
  what: 'to publish a module whose start function leaves a mark',
  module: unitModule({
    types: [2, ...UNIT_TYPE, 0x60, 0, 0],
    functions: [2, 0, 1],
    beforeCode: section(8, [1]),
    bodies: [2, unit.length, ...unit, start.length, ...start],
  }),
  succeeds: ({ marker }) => marker === 1,
});
