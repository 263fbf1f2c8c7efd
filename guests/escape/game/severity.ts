// How bad it is that a flag was taken, by the table of SECURITY.md.
import type { IsolationLevel } from '../../../hypervisor/index.ts';
import { nameOfSet } from '../controls.ts';

export interface Severity {
  severity: 'critical' | 'high' | 'none';
  /** Why, in words. */
  because: string;
}

/** All flags weigh the same: each lies outside of the player's partition. @param without controls that were missing */
export function severityOf(isolation: IsolationLevel, without: readonly string[]): Severity {
  if (without.length > 0)
    return { severity: 'none', because: `this build was made without ${nameOfSet(without)}` };
  switch (isolation) {
    case 'jail':
      return { severity: 'critical', because: 'both walls stood, the sandbox and the jail' };
    case 'process':
      return { severity: 'high', because: 'at level process the sandbox and a process of its own stood' };
    case 'thread':
      return {
        severity: 'high',
        because:
          "if by a flaw of Cofferdam's own; at level thread one of the engine is no vulnerability of Cofferdam",
      };
  }
}
