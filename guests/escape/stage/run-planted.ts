// Runs planted JavaScript (planted.ts) in an attacker's partition process and makes an outcome of what it reports.
import type { Outcome } from '../attempt.ts';
import type { Stage } from './stage.ts';

const GOT_THROUGH = 'got through: ';

/** @param what the attacker tries, in words @param targets what it knows of its surroundings */
export async function runPlanted(
  stage: Stage,
  id: string,
  what: string,
  targets: Record<string, string | number> = {},
): Promise<Outcome> {
  stage.tries(what);
  const known = Object.fromEntries(Object.entries(targets).map(([key, value]) => [key, String(value)]));
  const { exit, text } = await stage.runGuest({ guest: 'escaped', arguments: { planted: id, ...known } });
  const report = text.trim() === '' ? `nothing was heard of it: ${exit.message}` : text.trim();
  stage.sees(report);
  return { hasSucceeded: text.startsWith(GOT_THROUGH), evidence: [report] };
}
