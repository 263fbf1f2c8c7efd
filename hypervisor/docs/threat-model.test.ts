// Holds the threat model to the project: whatever it names exists, and no threat is without an answer.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { open } from './attack-surface/open.ts';
import { SourceTree, type SymbolReference } from './attack-surface/source-tree.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
const tree = new SourceTree(top);
const text = readFileSync(join(top, 'hypervisor/docs/threat-model.md'), 'utf8');

interface Threat {
  id: string;
  kind: string;
  control: string;
  test: string;
  attempt: string;
}

const threats: Threat[] = [...text.matchAll(/^\| (T\d\d) \|(.+)\|$/gm)].map(([, id = '', rest = '']) => {
  const [kind = '', , control = '', test = '', attempt = ''] = rest.split('|').map((cell) => cell.trim());
  return { id, kind, control, test, attempt };
});
const named = (cell: string): string[] =>
  [...cell.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

const isAttempt = (name: string): boolean =>
  tree.exists(`guests/escape/${name}/attempt.ts`) ||
  open.some((item) => item.kind === 'attempt' && item.name === name);

describe('the threat model', () => {
  it('has threats of every kind, numbered without gaps', () => {
    // A threat keeps its number; one found later stands with its boundary, under the next number.
    const numbers = threats.map(({ id }) => Number(id.slice(1))).sort((one, other) => one - other);
    expect(numbers).toEqual(threats.map((_, index) => index + 1));
    expect([...new Set(threats.map(({ kind }) => kind))].sort().join('')).toBe('DEIRST');
  });

  it.each(threats)('$id names a control that is in the code', ({ control }) => {
    expect(named(control)).toHaveLength(1);
    expect(named(control).map((each) => tree.problemWith(each as SymbolReference))).toEqual([undefined]);
  });

  it.each(threats)('$id names a test', ({ test }) => {
    expect(named(test)).toHaveLength(1);
    expect(named(test).filter((path) => !/\.test\.ts$/.test(path) || !tree.exists(path))).toEqual([]);
  });

  it.each(threats)('$id has an attempt, or is accepted with a reason', ({ attempt }) => {
    if (attempt.startsWith('accepted: ')) {
      expect(attempt.length).toBeGreaterThan('accepted: '.length + 20);
      return;
    }
    expect(named(attempt).length).toBeGreaterThan(0);
    expect(named(attempt).filter((name) => !isAttempt(name))).toEqual([]);
  });

  it('names only files that exist elsewhere, too, as does the security policy', () => {
    const policy = readFileSync(join(top, 'SECURITY.md'), 'utf8');
    const paths = [
      ...named(text),
      ...named(policy),
      ...[...policy.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => path),
    ]
      .map((name) => name.replace(/#.*$/, ''))
      .filter((name) => /^[\w./-]+\.(ts|md|json)$/.test(name));
    expect(paths.length).toBeGreaterThan(threats.length);
    expect(paths.filter((path) => !tree.exists(path))).toEqual([]);
  });
});
