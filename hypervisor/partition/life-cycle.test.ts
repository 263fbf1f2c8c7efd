import { describe, expect, it } from 'vitest';
import { HV_STATUS_INVALID_PARTITION_STATE, HV_STATUS_SUCCESS } from '../abi/status.ts';
import { type PartitionState, partitionTransitions, transition } from './life-cycle.ts';

// Written out by hand, so that a change of the table is a change of this test too.
const legal = new Set([
  'created→initialized',
  'created→deleted',
  'initialized→active',
  'initialized→finalized',
  'active→paused',
  'active→finalized',
  'paused→active',
  'paused→finalized',
  'finalized→deleted',
]);
const states = Object.keys(partitionTransitions) as PartitionState[];

describe('partition life cycle', () => {
  for (const from of states) {
    for (const to of states) {
      const isLegal = legal.has(`${from}→${to}`);
      it(`${isLegal ? 'makes' : 'refuses'} ${from} → ${to}`, () => {
        const partition = { state: from };
        const status = transition(partition, to);
        expect(status).toBe(isLegal ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARTITION_STATE);
        expect(partition.state).toBe(isLegal ? to : from);
      });
    }
  }
});
