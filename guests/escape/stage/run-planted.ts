// Runs planted JavaScript (planted.ts) in an attacker's partition process and makes an outcome of what it reports.
import type { Outcome } from '../attempt.ts';
import type { Stage } from './stage.ts';

/** As planted.ts writes them. */
const GOT_THROUGH = 'got through: ';
const STOPPED = 'stopped: ';

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
  if (!text.startsWith(GOT_THROUGH) && !text.startsWith(STOPPED))
    throw new Error(`the planted attack did not report: ${exit.message} ${text}`);
  const report = text.trim();
  stage.sees(report);
  return { hasSucceeded: text.startsWith(GOT_THROUGH), evidence: [report] };
}
