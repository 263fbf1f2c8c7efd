// The verdict over one half of an attempt's proof.
import { type IsolationLevel, isolationLevels } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';
import { nameOfSet } from '../controls.ts';
import type { StageEnd } from '../stage/protocol.ts';
import type { Half } from './play.ts';

/**
 * With controls on: `contained`, or `escaped`, or `no promise` where the level promises nothing. Without those that
 * hold it: `succeeds`, as it must, or `proves nothing`. `failed`: the attempt could not be made.
 */
export type Verdict = 'contained' | 'escaped' | 'no promise' | 'succeeds' | 'proves nothing' | 'failed';

export interface Judgement {
  verdict: Verdict;
  isGood: boolean;
  remark: string;
}

const good = (verdict: Verdict, remark: string): Judgement => ({ verdict, isGood: true, remark });
const bad = (verdict: Verdict, remark: string): Judgement => ({ verdict, isGood: false, remark });

/** Whether an attempt is held by exactly this set of controls. */
export const isHeldBy = ({ heldBy }: Attempt, set: readonly string[]): boolean =>
  heldBy.some((each) => nameOfSet(each) === nameOfSet(set));

export function judge({ attempt, without }: Half, end: StageEnd): Judgement {
  if (end.kind === 'failed') return bad('failed', end.message);
  const { outcome, neighbour, hasLeaked } = end;
  if (isHeldBy(attempt, without)) {
    return outcome.hasSucceeded
      ? good('succeeds', hasLeaked ? "the neighbour's canary was read" : '')
      : bad('proves nothing', 'the attack fails even with the control off');
  }
  const harm = [
    ...(outcome.hasSucceeded ? ['the attack succeeded'] : []),
    ...(neighbour.beats ? [] : ['the neighbour no longer answers']),
    ...(neighbour.isIntact ? [] : ["the neighbour's canary was changed"]),
    ...(hasLeaked ? ["the neighbour's canary was read"] : []),
  ];
  if (harm.length === 0) return good('contained', 'the neighbour runs, its canary untouched and unread');
  const levels: readonly IsolationLevel[] = attempt.levels ?? isolationLevels;
  const isPromised = levels.some((level) => level === end.isolation);
  const whyNot = without.length > 0 ? 'controls are missing' : `level ${end.isolation} has no such wall`;
  return isPromised && without.length === 0
    ? bad('escaped', harm.join('; '))
    : good('no promise', `${whyNot}: ${harm.join('; ')}`);
}
