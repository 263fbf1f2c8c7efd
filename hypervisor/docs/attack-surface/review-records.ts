// The signed-off reviews in hypervisor/docs/reviews: who looked at what, when, what was found, and the hash of each entry
// as it was then. A review of an entry holds as long as the entry has that hash.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const REVIEWS = 'hypervisor/docs/reviews';

export interface ReviewRecords {
  /** `id hash` → the file that signs it off. */
  signed: ReadonlyMap<string, string>;
  /** What is wrong with the records themselves. */
  problems: readonly string[];
}

const fields = {
  reviewer: /^- Reviewer: \S.*$/m,
  date: /^- Date: \d{4}-\d{2}-\d{2}$/m,
  verdict: /^- Verdict: (accepted|accepted with findings)$/m,
  'section "What was checked"': /^## What was checked\n\n\S/m,
  'section "Findings"': /^## Findings\n\n\S/m,
};
const SIGNATURE = /^- `([0-9a-f]{16})` `(.+)`$/gm;

export const signatureKey = (id: string, hash: string): string => `${id} ${hash}`;
/** A line of a review that signs an entry off. */
export const signatureLine = (id: string, hash: string): string => `- \`${hash}\` \`${id}\``;

export function readReviews(top: string): ReviewRecords {
  const signed = new Map<string, string>();
  const problems: string[] = [];
  for (const path of globSync(`${REVIEWS}/*.md`, { cwd: top }).sort()) {
    if (path.endsWith('/README.md')) continue;
    const text = readFileSync(join(top, path), 'utf8');
    const missing = Object.entries(fields).filter(([, pattern]) => !pattern.test(text));
    problems.push(...missing.map(([name]) => `${path}: no ${name}`));
    if (missing.length > 0) continue;
    for (const [, hash = '', id = ''] of text.matchAll(SIGNATURE)) signed.set(signatureKey(id, hash), path);
  }
  return { signed, problems };
}
