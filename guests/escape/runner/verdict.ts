// The verdict over one half of an attempt's proof.
import { isolationLevels } from '../../../hypervisor/index.ts';
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

/** Whether an attempt's containment is promised at this level. */
export const isPromisedAt = ({ levels = isolationLevels }: Attempt, level: string): boolean =>
  levels.some((each) => each === level);

export function judge(half: Half, end: StageEnd): Judgement {
  const { attempt, without } = half;
  if (end.kind === 'failed') return bad('failed', end.message);
  if (end.kind === 'died') {
    const harm = `the hypervisor's own process is gone: ${end.message}`;
    return isHeldBy(attempt, without) ? good('succeeds', harm) : notContained(half, half.isolation, harm);
  }
  const { outcome, neighbour, hasLeaked } = end;
  // What nothing was seen of has not happened, and is not contained.
  if (!outcome.evidence.some((line) => line.trim() !== '')) return bad('failed', 'nothing was observed');
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
  return notContained(half, end.isolation, harm.join('; '));
}

/** Bad, unless nothing else was said: controls are missing, or the level has no such wall. */
function notContained({ attempt, without }: Half, level: string | undefined, harm: string): Judgement {
  if (without.length > 0) return good('no promise', `controls are missing: ${harm}`);
  if (level === undefined || isPromisedAt(attempt, level)) return bad('escaped', harm);
  return good('no promise', `level ${level} has no such wall: ${harm}`);
}
