// What the child process that an attempt runs in says to its parent, over Node's IPC channel.
import type { Outcome } from '../attempt.ts';
import type { NeighbourState } from './neighbour.ts';

/** What the attacker tries, and what is seen of it. */
export interface Step {
  kind: 'tries' | 'sees';
  text: string;
}

export type StageEnd =
  | {
      kind: 'ended';
      outcome: Outcome;
      isolation: string;
      neighbour: NeighbourState;
      /** Whether the neighbour's canary was in anything that the attacker put out. */
      hasLeaked: boolean;
    }
  /** The attempt could not be made. */
  | { kind: 'failed'; message: string }
  /** The stage's own process, the hypervisor's that is, was ended by a signal that nobody but an attacker can have sent. */
  | { kind: 'died'; message: string };

export type StageMessage = { step: Step } | { end: StageEnd };
