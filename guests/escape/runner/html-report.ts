// The report that `cofferdam escape run --html FILE` writes: one file without anything from elsewhere, all text escaped.
import type { Attempt } from '../attempt.ts';
import { boundaries } from '../boundary.ts';
import { findControl, nameOfSet } from '../controls.ts';
import type { PlayedHalf } from './play.ts';

const STYLE = `
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --dim: #8886; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--dim); vertical-align: top; }
article { border: 1px solid var(--dim); border-radius: .5rem; padding: 0 1rem 1rem; margin: 1rem 0; }
ol { padding-left: 1.5rem; } li { overflow-wrap: anywhere; } li.sees { font-family: ui-monospace, monospace; font-size: 85%; }
.good { color: var(--good); } .bad { color: var(--bad); } .dim { opacity: .7; } code { font-size: 90%; }`;

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML; control characters, which a guest may have put in, become visible. */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll(/[&<>"']/g, (character) => entities[character] as string)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd');

export interface ReportFacts {
  /** When, in words. */
  date: string;
  /** Where: system, engine, Cofferdam's version. */
  machine: string;
}

export function htmlReport(played: readonly PlayedHalf[], facts: ReportFacts): string {
  const bad = played.filter(({ isGood }) => !isGood).length;
  const attempts = [...new Set(played.map(({ attempt }) => attempt))];
  const title = 'Cofferdam: escape attempts';
  const summary =
    bad === 0
      ? `All ${played.length} runs ended as they should.`
      : `${bad} of ${played.length} runs did not end as they should.`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title><style>${STYLE}</style></head><body>
<h1>${title}</h1>
<p>${escapeHtml(facts.date)} · ${escapeHtml(facts.machine)}</p>
<p class="${bad === 0 ? 'good' : 'bad'}"><strong>${summary}</strong></p>
<p>Each attempt is a hostile guest. With all controls on it must be contained: the attack fails, and a neighbouring
guest goes on with its secret unread and unchanged. Where a control was taken out of a test build, the same attack must
succeed: that is the proof that this control is what holds it.</p>
${boundaries.map((boundary) => section(boundary, attempts, played)).join('')}
</body></html>
`;
}

function section(boundary: string, attempts: readonly Attempt[], played: readonly PlayedHalf[]): string {
  const here = attempts.filter((attempt) => attempt.boundary === boundary);
  if (here.length === 0) return '';
  const runs = (attempt: Attempt): PlayedHalf[] => played.filter((half) => half.attempt === attempt);
  return `<h2>${escapeHtml(boundary)}</h2>
<table><tr><th>id</th><th>attempt</th><th>wants</th><th>controls</th><th>verdict</th></tr>
${here.flatMap((attempt) => runs(attempt).map(row)).join('\n')}
</table>
${here.map((attempt) => article(attempt, runs(attempt))).join('\n')}`;
}

const verdict = ({ verdict: word, isGood }: PlayedHalf): string =>
  `<strong class="${isGood ? 'good' : 'bad'}">${escapeHtml(word)}</strong>`;

const controlsOf = ({ without }: PlayedHalf): string =>
  without.length === 0 ? 'all on' : `without <code>${escapeHtml(nameOfSet(without))}</code>`;

function row(half: PlayedHalf): string {
  const { id, name, wants } = half.attempt;
  return `<tr><td><a href="#${escapeHtml(id)}">${escapeHtml(id)}</a></td><td>${escapeHtml(name)}</td><td>${wants}</td><td>${controlsOf(half)}</td><td>${verdict(half)}</td></tr>`;
}

function article(attempt: Attempt, runs: readonly PlayedHalf[]): string {
  const held = [...new Set(attempt.heldBy.flat())].map((id) => {
    const { holds } = findControl(id);
    return `<li><code>${escapeHtml(id)}</code> ${escapeHtml(holds)}</li>`;
  });
  const fallen =
    attempt.fallen === undefined
      ? ''
      : `<p>Taken as fallen already: <code>${escapeHtml(nameOfSet(attempt.fallen))}</code>.</p>`;
  return `<article id="${escapeHtml(attempt.id)}"><h3>${escapeHtml(attempt.id)}: ${escapeHtml(attempt.name)}</h3>
<p>${escapeHtml(attempt.statement)}</p>
<p class="dim">Wants ${attempt.wants}. After: ${escapeHtml(attempt.ancestor)}.</p>${fallen}
<p>Held by:</p><ul>${held.join('')}</ul>
${runs.map(run).join('\n')}</article>`;
}

function run(half: PlayedHalf): string {
  const remark = half.remark === '' ? '' : `: ${escapeHtml(half.remark)}`;
  const steps = half.steps.map(({ kind, text }) => `<li class="${kind}">${escapeHtml(text)}</li>`);
  return `<p>Controls ${controlsOf(half)}: ${verdict(half)}${remark}</p><ol>${steps.join('')}</ol>`;
}
