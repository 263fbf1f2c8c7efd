import { unitModule } from '../../../hypervisor/code-publishing/testing/unit-module.ts';
import { publishAttempt } from '../publish.ts';

export const publishOverTheMachine = publishAttempt({
  id: 'E06e',
  name: "publish over the machine's own functions",
  wants: 'integrity',
  ancestor: 'overwritten dispatch tables',
  statement:
    "A taken-over machine publishes at a table index where the machine's own functions are, so that its next indirect call runs the published one. Published code has indices of its own, above the machine's.",
  heldBy: [['published-indices']],
  what: 'to publish at table index 1',
  module: unitModule(),
  index: 1,
  succeeds: ({ result }) => result === 7,
});
