// Several attempts in one go: which halves they come to, their installations built, then two at a time.
import type { IsolationLevel } from '../../../hypervisor/index.ts';
import type { Attempt } from '../attempt.ts';
import { nameOfSet } from '../controls.ts';
import { buildInstallations } from './installations.ts';
import { type Half, type PlayedHalf, play } from './play.ts';
import { isPromisedAt } from './verdict.ts';

/** Stages at a time: each is busy for a part of the time only. */
const STAGES = 2;

export interface Campaign {
  attempts: readonly Attempt[];
  isolation?: IsolationLevel | undefined;
  /** Nothing: with all controls on. `each`: that, and without each set that holds an attempt. Or a set's ids. */
  without?: 'each' | readonly string[] | undefined;
}

export function halvesOf({ attempts, isolation, without }: Campaign): Half[] {
  return attempts.flatMap((attempt) => {
    // What is not promised at a level has no second half there.
    const heldBy = isolation === undefined || isPromisedAt(attempt, isolation) ? attempt.heldBy : [];
    const sets = without === 'each' ? [[], ...heldBy] : [without ?? []];
    return sets.map((set) => ({ attempt, isolation, without: set }));
  });
}

export type OnCampaignEvent = (
  event:
    | { kind: 'building'; installations: number }
    | { kind: 'tries' | 'sees'; half: Half; text: string }
    | { kind: 'verdict'; played: PlayedHalf },
) => void;

/** Plays halves in their order, as far as `signal` lets it. @throws when a test build fails */
export async function playAll(
  halves: readonly Half[],
  onEvent: OnCampaignEvent,
  signal: AbortSignal,
): Promise<PlayedHalf[]> {
  const sets = halves.map(({ attempt, without }) => [...(attempt.fallen ?? []), ...without]);
  onEvent({
    kind: 'building',
    installations: new Set(sets.filter((set) => set.length > 0).map(nameOfSet)).size,
  });
  await buildInstallations(sets, signal);
  const played: PlayedHalf[] = [];
  let next = 0;
  const playNext = async (): Promise<void> => {
    for (let index = next++; index < halves.length && !signal.aborted; index = next++) {
      const half = halves[index] as Half;
      const result = await play(half, ({ kind, text }) => onEvent({ kind, half, text }), signal);
      if (signal.aborted) return;
      played[index] = result;
      onEvent({ kind: 'verdict', played: result });
    }
  };
  await Promise.all(Array.from({ length: STAGES }, playNext));
  return played.filter((each) => each !== undefined);
}
