// Puts the attack surface together: what is found in the code, what links it to validators, fuzz targets, attempts and
// reviews, and everything that is not as it must be.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { surfaceLinks } from './links/index.ts';
import { type OpenItem, open } from './open.ts';
import { type ReviewRecords, readReviews, signatureKey } from './review-records.ts';
import { SourceTree } from './source-tree.ts';
import type { FoundSurface, SurfaceEntry, SurfaceLinks } from './surface.ts';
import { surfaceGroups } from './surfaces/index.ts';

export const SURFACE_FILE = 'attack-surface.json';

export interface Composition {
  entries: SurfaceEntry[];
  /** One line each; empty when all is well. */
  problems: string[];
  /** Open items that the tree has by now. */
  closed: OpenItem[];
}

/** What entries may refer to by name. */
interface Known {
  tree: SourceTree;
  fuzzTargets: ReadonlySet<string>;
  reviews: ReviewRecords;
}

/** @param top of the project whose sources are looked at */
export async function composeSurface(top: string, linked = surfaceLinks): Promise<Composition> {
  const tree = new SourceTree(top);
  const known: Known = { tree, fuzzTargets: fuzzTargetsOf(tree), reviews: readReviews(top) };
  const problems = [...known.reviews.problems];
  const links = linksById(linked, problems);
  const entries: SurfaceEntry[] = [];
  for (const group of surfaceGroups) {
    for (const found of merged(await group.find(tree))) {
      const entry = composeEntry(group.name, found, links.get(found.id), known);
      entries.push(entry);
      problems.push(...problemsOf(entry, known));
      links.delete(found.id);
    }
  }
  for (const id of links.keys()) problems.push(`${id}: linked, but not in the code`);
  return { entries, problems, closed: open.filter((item) => exists(item, known)) };
}

/** One entry a line: what changes can be seen. */
export function surfaceText(entries: readonly SurfaceEntry[]): string {
  const lines = entries.map((entry) => JSON.stringify(entry)).join(',\n');
  return `{"source":"npm run surface","entries":[\n${lines}\n]}\n`;
}

/** What `--check` says beyond that: whether the file is what the code makes. */
export function differences(top: string, entries: readonly SurfaceEntry[]): string[] {
  const tree = new SourceTree(top);
  if (!tree.exists(SURFACE_FILE)) return [`${SURFACE_FILE} does not exist`];
  const text = readFileSync(join(top, SURFACE_FILE), 'utf8');
  if (text === surfaceText(entries)) return [];
  const recorded = new Map(
    (JSON.parse(text) as { entries: SurfaceEntry[] }).entries.map((each) => [each.id, each]),
  );
  const lines = entries.flatMap((entry) => {
    const before = recorded.get(entry.id);
    recorded.delete(entry.id);
    if (before === undefined) return [`${entry.id}: not in ${SURFACE_FILE}`];
    return JSON.stringify(before) === JSON.stringify(entry)
      ? []
      : [`${entry.id}: differs in ${SURFACE_FILE}`];
  });
  for (const id of recorded.keys()) lines.push(`${id}: in ${SURFACE_FILE}, but not in the code`);
  return lines.length > 0 ? lines : [`${SURFACE_FILE} differs in its order or layout`];
}

function linksById(linked: readonly SurfaceLinks[], problems: string[]): Map<string, SurfaceLinks> {
  const byId = new Map<string, SurfaceLinks>();
  for (const links of linked) {
    for (const name of links.entries) {
      const id = links.prefix + name;
      if (byId.has(id)) problems.push(`${id}: linked twice`);
      byId.set(id, links);
    }
  }
  return byId;
}

/** The same thing in several places is one entry. */
function merged(found: readonly FoundSurface[]): FoundSurface[] {
  const byId = new Map<string, FoundSurface>();
  for (const each of found) {
    const before = byId.get(each.id);
    byId.set(each.id, before === undefined ? each : { ...before, texts: [...before.texts, ...each.texts] });
  }
  return [...byId.values()];
}

function composeEntry(
  group: string,
  { id, boundary, file, texts }: FoundSurface,
  links: SurfaceLinks | undefined,
  { tree, reviews }: Known,
): SurfaceEntry {
  const validators = links?.validators ?? [];
  const sound = validators.filter((each) => tree.problemWith(each) === undefined);
  const hash = tree.hashOf([...texts, ...sound.flatMap((each) => tree.textsOf(each))]);
  return {
    id,
    group,
    boundary,
    declaredIn: file,
    hash,
    validators,
    fuzz: fuzzOf(links),
    attempts: links?.attempts ?? [],
    review: reviews.signed.get(signatureKey(id, hash)) ?? null,
  };
}

function problemsOf(entry: SurfaceEntry, known: Known): string[] {
  const { tree } = known;
  const { id, validators, fuzz, attempts, hash } = entry;
  const problems: string[] = [];
  if (validators.length === 0) problems.push('no validator');
  for (const each of validators) {
    const problem = tree.problemWith(each as Parameters<typeof tree.problemWith>[0]);
    if (problem !== undefined) problems.push(`validator: ${problem}`);
  }
  problems.push(...fuzzProblems(fuzz, known));
  if (typeof attempts !== 'string') {
    if (attempts.length === 0) problems.push('no escape attempt, and no reason for that');
    for (const attempt of attempts) {
      const isThere = tree.exists(attemptFile(attempt));
      if (!isThere && !isOpen('attempt', attempt)) problems.push(`there is no escape attempt ${attempt}`);
    }
  } else if (!/^none: .{10}/.test(attempts)) problems.push('no reason for having no escape attempt');
  if (entry.review === null) problems.push(`no review signs it off with hash ${hash}`);
  return problems.map((problem) => `${id}: ${problem}`);
}

const fuzzOf = (links: SurfaceLinks | undefined): readonly string[] | string => {
  const fuzz = links?.fuzz ?? [];
  return typeof fuzz !== 'string' && 'exhaustive' in fuzz ? `exhaustive: ${fuzz.exhaustive}` : fuzz;
};

function fuzzProblems(fuzz: readonly string[] | string, { tree, fuzzTargets }: Known): string[] {
  if (typeof fuzz === 'string') {
    const [, test] = /^exhaustive: (.+)$/.exec(fuzz) ?? [];
    if (test !== undefined) return tree.exists(test) ? [] : [`there is no ${test}`];
    return /^opaque: .{10}/.test(fuzz) ? [] : ['no reason for having no fuzz target'];
  }
  if (fuzz.length === 0) return ['no fuzz target'];
  return fuzz.flatMap((target) => {
    if (!target.endsWith('.test.ts')) {
      const isThere = fuzzTargets.has(target) || isOpen('fuzz target', target);
      return isThere ? [] : [`there is no fuzz target ${target}`];
    }
    // A test counts when its input is random, so that it says what it began with.
    const isRandom =
      tree.exists(target) && /\bseed\b|fast-check/i.test(tree.file(target).textOf(tree.file(target).program));
    return isRandom ? [] : [`${target} is no test of random input`];
  });
}

const attemptFile = (name: string): string => `guests/escape/${name}/attempt.ts`;
const isOpen = (kind: OpenItem['kind'], name: string): boolean =>
  open.some((item) => item.kind === kind && item.name === name);
const exists = ({ kind, name }: OpenItem, { tree, fuzzTargets }: Known): boolean =>
  kind === 'attempt' ? tree.exists(attemptFile(name)) : fuzzTargets.has(name);

/** The names of the targets that `npm run fuzz -- --list` shows: what each `*.fuzz.ts` calls its `target`. */
function fuzzTargetsOf(tree: SourceTree): ReadonlySet<string> {
  const names = tree.fuzzTargetFiles().flatMap((path) => {
    const file = tree.file(path);
    return /\bname: '([a-z0-9-]+)'/.exec(file.textOf(file.find('target')))?.[1] ?? [];
  });
  return new Set(names);
}
