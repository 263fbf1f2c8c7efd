// The partition life cycle (TLFS: "Partition States"), with Active split by whether its VPs run.
//
//   created → initialized → active ⇄ paused
//                 └────────────┴───────┴──→ finalized → deleted
import { HV_STATUS_INVALID_PARTITION_STATE, HV_STATUS_SUCCESS } from '../abi/status.ts';

export type PartitionState = 'created' | 'initialized' | 'active' | 'paused' | 'finalized' | 'deleted';

/** State → the states that may follow it. */
export const partitionTransitions: Record<PartitionState, readonly PartitionState[]> = {
  created: ['initialized', 'deleted'],
  initialized: ['active', 'finalized'],
  active: ['paused', 'finalized'],
  paused: ['active', 'finalized'],
  finalized: ['deleted'],
  deleted: [],
};

/** Something that has a partition state. */
export interface Stateful {
  state: PartitionState;
}

/** Makes the transition, or changes nothing and returns InvalidPartitionState. */
export function transition(partition: Stateful, next: PartitionState): number {
  if (!partitionTransitions[partition.state].includes(next)) return HV_STATUS_INVALID_PARTITION_STATE;
  partition.state = next;
  return HV_STATUS_SUCCESS;
}
