// What an escape attempt is. Everything about it is in one folder: this statement, and the hostile guest.
import type { IsolationLevel } from '../../hypervisor/index.ts';
import type { Boundary } from './boundary.ts';
import type { Stage } from './stage/stage.ts';

export interface Attempt {
  /** `E` and a number; variants of one attack share it and add a letter: E05a. */
  id: string;
  name: string;
  boundary: Boundary;
  wants: 'confidentiality' | 'integrity' | 'availability';
  /** The real-world flaw or technique that it follows. */
  ancestor: string;
  /** The attack and its containment, in a paragraph. */
  statement: string;
  /**
   * Walls that are taken as fallen before the attack begins, with controls on, too: what is tried is what stands behind
   * them. `engine` plants the attacker's own JavaScript on the VP's thread (planted.ts).
   */
  fallen?: readonly string[];
  /**
   * The controls that hold it: with any of these sets gone, and nothing else, the attack succeeds. A set of more than
   * one is defence in depth: all of it must fall.
   */
  heldBy: readonly (readonly string[])[];
  /** The levels at which containment is promised. Default: all of them. */
  levels?: readonly IsolationLevel[];
  /** Makes the attack. Says whether it succeeded from what it observed, never from which build it runs in. */
  run(stage: Stage): Promise<Outcome>;
}

export interface Outcome {
  hasSucceeded: boolean;
  /** What was observed, one line each. */
  evidence: readonly string[];
}
