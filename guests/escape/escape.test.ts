// Every escape attempt, both halves: contained with all controls on, and successful without those that hold it. The
// neighbour's fate is part of the verdict. Needs `npm run build`; the test builds are made here.
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { attempts } from './attempts.ts';
import { controls, removalOf } from './controls.ts';
import { halvesOf } from './runner/campaign.ts';
import { escapeHtml, htmlReport } from './runner/html-report.ts';
import { buildInstallations } from './runner/installations.ts';
import { type PlayedHalf, play, titleOf } from './runner/play.ts';
import { judge } from './runner/verdict.ts';
import { applyEdit, editedSources } from './source-edit.ts';
import type { StageEnd } from './stage/protocol.ts';

const here = dirname(fileURLToPath(import.meta.url));
const top = join(here, '../..');

describe('the catalogue', () => {
  it.each(controls)('takes the control $id away by edits that fit', (control) => {
    expect(control.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(editedSources(top, removalOf([control])).size).toBeGreaterThan(0);
  });

  it('refuses an edit that fits nowhere, or twice', () => {
    const edit = { file: 'f', from: 'b', to: 'x' };
    expect(applyEdit('abc', edit)).toBe('axc');
    expect(() => applyEdit('ac', edit)).toThrow('found it 0 times');
    expect(() => applyEdit('abcb', edit)).toThrow('found it 2 times');
  });

  it('names each control and each attempt once, and no control in vain', () => {
    const ids = [...controls, ...attempts].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const used = new Set(attempts.flatMap(({ heldBy, fallen = [] }) => [...heldBy.flat(), ...fallen]));
    expect(new Set(controls.map(({ id }) => id))).toEqual(used);
  });

  it('lists every attempt that is there', () => {
    expect(globSync('*/attempt.ts', { cwd: here }).length).toBe(attempts.length);
    for (const { heldBy } of attempts) expect(heldBy.length).toBeGreaterThan(0);
  });
});

describe('the verdict', () => {
  const attempt = { ...(attempts[0] as (typeof attempts)[number]), heldBy: [['jail']] };
  const end = (parts: object = {}): Extract<StageEnd, { kind: 'ended' }> => ({
    kind: 'ended',
    outcome: { hasSucceeded: false, evidence: ['seen'] },
    isolation: 'jail',
    neighbour: { beats: true, isIntact: true },
    hasLeaked: false,
    ...parts,
  });

  it.each([
    ['the attack succeeds', { outcome: { hasSucceeded: true, evidence: ['seen'] } }],
    ['the neighbour falls silent', { neighbour: { beats: false, isIntact: true } }],
    ['its canary is changed', { neighbour: { beats: true, isIntact: false } }],
    ['its canary is read', { hasLeaked: true }],
  ])('is "escaped" when %s', (_what, parts) => {
    expect(judge({ attempt, without: [] }, end())).toMatchObject({ verdict: 'contained', isGood: true });
    expect(judge({ attempt, without: [] }, end(parts))).toMatchObject({ verdict: 'escaped', isGood: false });
  });

  it('is "escaped" when the hypervisor itself dies, where that is promised not to happen', () => {
    const died: StageEnd = { kind: 'died', message: 'SIGKILL' };
    const here = { attempt: { ...attempt, levels: ['jail'] as const }, without: [] };
    expect(judge({ ...here, isolation: 'jail' }, died)).toMatchObject({ verdict: 'escaped', isGood: false });
    expect(judge({ ...here, isolation: 'thread' }, died)).toMatchObject({
      verdict: 'no promise',
      isGood: true,
    });
  });

  it('is "proves nothing" when the attack fails without the control that holds it', () => {
    const half = { attempt, without: ['jail'] };
    expect(judge(half, end())).toMatchObject({ verdict: 'proves nothing', isGood: false });
    const won = end({ outcome: { hasSucceeded: true, evidence: ['seen'] } });
    expect(judge(half, won)).toMatchObject({ verdict: 'succeeds', isGood: true });
    const unseen = end({ outcome: { hasSucceeded: false, evidence: [' '] } });
    expect(judge({ attempt, without: [] }, unseen)).toMatchObject({ verdict: 'failed', isGood: false });
    expect(judge(half, { kind: 'failed', message: 'no' })).toMatchObject({ isGood: false });
  });
});

describe('the report', () => {
  it('shows what a guest wrote as text and takes nothing from elsewhere', () => {
    const hostile = '<script src="//x">\x1b[2J&\'</script>';
    const [attempt] = attempts as [(typeof attempts)[number]];
    const played: PlayedHalf = {
      attempt,
      without: [],
      verdict: 'escaped',
      isGood: false,
      steps: [{ kind: 'sees', text: hostile }],
      remark: hostile,
      milliseconds: 1,
    };
    const html = htmlReport([played], { date: hostile, machine: hostile });
    expect(html).not.toContain('<script');
    expect(html).not.toMatch(/(src|href)="(?!#)/);
    expect(html.split(escapeHtml(hostile)).length).toBe(5);
  });
});

const halves = halvesOf({ attempts, without: 'each' });

describe.concurrent('an attempt', () => {
  beforeAll(async () => {
    await buildInstallations(halves.map(({ attempt, without }) => [...(attempt.fallen ?? []), ...without]));
  }, 300_000);

  it.each(halves.map((half) => [titleOf(half), half] as const))(
    '%s',
    async (_title, half) => {
      const { steps, ...played } = await play(half);
      expect(played, JSON.stringify(steps)).toMatchObject({ isGood: true });
    },
    90_000,
  );
});
