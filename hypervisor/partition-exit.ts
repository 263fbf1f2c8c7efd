// How a partition's life ended, for its creator.
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_LIMIT_REACHED,
  HV_EXIT_MACHINE_FAULT,
  HV_EXIT_POWER_OFF,
  HV_EXIT_RESET,
} from './abi/hypercalls.ts';
import type { ContainerExit } from './isolation/partition-container.ts';
import { printable } from './printable.ts';

/** Room for what a process that crashed wrote to its standard error. */
const MAX_MESSAGE = 5000;

export interface PartitionExit {
  kind:
    | 'power-off'
    | 'reset'
    /** The guest says that it failed: `code` is its own. */
    | 'guest-failure'
    | 'limit-reached'
    /** The emulated machine could not go on; the console says why. */
    | 'machine-fault'
    /** The guest's Wasm trapped: out of bounds, unreachable, stack exhausted. */
    | 'trapped'
    /** Its module was not admitted. */
    | 'refused'
    /** `stop()` was called. */
    | 'stopped'
    /** `kill()` was called, or its process died. */
    | 'killed'
    /** The root partition ended its connection. */
    | 'disconnected';
  code: number;
  message: string;
}

const reasons: Record<number, PartitionExit['kind']> = {
  [HV_EXIT_POWER_OFF]: 'power-off',
  [HV_EXIT_RESET]: 'reset',
  [HV_EXIT_GUEST_FAILURE]: 'guest-failure',
  [HV_EXIT_LIMIT_REACHED]: 'limit-reached',
  [HV_EXIT_MACHINE_FAULT]: 'machine-fault',
};

export function partitionExit(exit: ContainerExit): PartitionExit {
  if (exit.kind === 'exited') {
    const kind = reasons[exit.reason] ?? 'machine-fault';
    return {
      kind,
      code: exit.code,
      message: `guest ended: ${kind}${exit.code === 0 ? '' : `, code ${exit.code}`}`,
    };
  }
  const message = 'message' in exit ? exit.message : `guest ${exit.kind}`;
  return { kind: exit.kind, code: 0, message: printable(message, MAX_MESSAGE) };
}
