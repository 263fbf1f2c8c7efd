// Holds attack-surface.json to the code, and the code to what every surface must have. And shows that it does: surfaces
// are added to a copy of the project, with one thing missing at a time.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeSurface, differences, SURFACE_FILE, surfaceText } from './compose.ts';
import { surfaceLinks } from './links/index.ts';
import { open } from './open.ts';
import { REVIEWS, signatureLine } from './review-records.ts';
import type { SurfaceLinks } from './surface.ts';
import { surfaceGroups } from './surfaces/index.ts';

const top = fileURLToPath(new URL('../../..', import.meta.url));
/** How much may be open. It was 5 on 2026-11-28, and may only become less. */
const MOST_OPEN = 4;

describe('the attack surface', () => {
  it('is in its file as it is in the code; every entry is held and signed off', async () => {
    const { entries, problems } = await composeSurface(top);
    expect(problems).toEqual([]);
    expect(differences(top, entries)).toEqual([]);
    const found = new Set(entries.map(({ group }) => group));
    expect(surfaceGroups.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
  });

  it('has no more open than it had', () => {
    expect(open.length).toBeLessThanOrEqual(MOST_OPEN);
    expect(new Set(open.map(({ kind, name }) => `${kind} ${name}`)).size).toBe(open.length);
    for (const { since } of open) expect(since).toMatch(/^2026-\d\d-\d\d$/);
  });
});

/** A hypercall, an import and a channel message, as somebody would add them who thinks of the code alone. */
const additions: { file: string; from: string; to: string }[] = [
  {
    file: 'hypervisor/abi/hypercalls.ts',
    from: 'export const HVCALL_PUBLISH_CODE',
    to: 'export const HVCALL_PEEK: u32 = 0x8c05;\nexport const HVCALL_PUBLISH_CODE',
  },
  {
    file: 'hypervisor/hypercall/dispatcher.ts',
    from: '  HVCALL_NOTIFY_LONG_SPIN_WAIT,\n',
    to: '  HVCALL_NOTIFY_LONG_SPIN_WAIT,\n  HVCALL_PEEK,\n',
  },
  {
    file: 'hypervisor/hypercall/dispatcher.ts',
    from: "  [HVCALL_PUBLISH_CODE, 'fast'],\n",
    to: "  [HVCALL_PUBLISH_CODE, 'fast'],\n  [HVCALL_PEEK, 'fast'],\n",
  },
  {
    file: 'hypervisor/hypercall/dispatcher.ts',
    from: '    case HVCALL_QUERY_CAPABILITIES:\n',
    to: '    case HVCALL_PEEK:\n      return context.memory.words[input[0]] ?? 0;\n    case HVCALL_QUERY_CAPABILITIES:\n',
  },
  {
    file: 'hypervisor/partition/admission.ts',
    from: '  idle: { parameters',
    to: '  peek: { parameters: [I32], results: [I32] },\n  idle: { parameters',
  },
  {
    file: 'hypervisor/abi/channels/storage.ts',
    from: 'export const STORAGE_STATUS_OK',
    to: 'export const STORAGE_PEEK: u32 = 6;\nexport const STORAGE_STATUS_OK',
  },
  {
    file: 'root-partition/storage/requests.ts',
    from: '    case STORAGE_QUERY:\n',
    to: '    case STORAGE_PEEK:\n    case STORAGE_QUERY:\n',
  },
];
const added = ['import.hv.peek', 'hypercall.HVCALL_PEEK', 'channel.storage.STORAGE_PEEK'];

describe('a hypercall, an import and a message that are added', () => {
  let copy: string;

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'cofferdam-surface-'));
    for (const name of ['hypervisor', 'root-partition', 'guests', SURFACE_FILE, 'package.json'])
      cpSync(join(top, name), join(copy, name), { recursive: true });
    symlinkSync(join(top, 'node_modules'), join(copy, 'node_modules'));
    for (const { file, from, to } of additions) {
      const text = readFileSync(join(copy, file), 'utf8');
      expect(text.split(from).length).toBe(2);
      writeFileSync(
        join(copy, file),
        text.replace(from, () => to),
      );
    }
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const complete: SurfaceLinks = {
    prefix: '',
    entries: added,
    validators: ['hypervisor/hypercall/control-word.ts#checkControlWord'],
    fuzz: ['hypervisor/synic/synic.test.ts'],
    attempts: 'none: added for a test, reaches nothing',
  };

  /** Writes what is to be there, and checks the copy as CI does. */
  async function complaints(
    links: Partial<SurfaceLinks>,
    lacks: 'entry' | 'review' | '' = '',
  ): Promise<string[]> {
    const all = [...surfaceLinks, { ...complete, ...links }];
    const review = join(copy, REVIEWS, 'peek.md');
    rmSync(review, { force: true });
    const { entries } = await composeSurface(copy, all);
    // What was there before and is held by code that changed has to be looked at again, too.
    const lines = entries
      .filter(({ id, review: before }) => before === null && (lacks !== 'review' || !added.includes(id)))
      .map(({ id, hash }) => signatureLine(id, hash));
    const head = '# Peek\n\n- Reviewer: a test\n- Date: 2026-11-28\n- Verdict: accepted\n';
    const body = `\n## What was checked\n\nNothing.\n\n## Findings\n\nNone.\n\n${lines.join('\n')}\n`;
    writeFileSync(review, head + body);
    const signed = await composeSurface(copy, all);
    const recorded = signed.entries.filter(({ id }) => lacks !== 'entry' || !added.includes(id));
    writeFileSync(join(copy, SURFACE_FILE), surfaceText(recorded));
    return [...differences(copy, signed.entries), ...signed.problems];
  }

  it('fail the check for all that they lack, as a command and in words', () => {
    const generator = join(copy, 'hypervisor/docs/attack-surface/generate.ts');
    const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', generator, '--check'], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    for (const id of added) {
      const lacking = [
        `not in ${SURFACE_FILE}`,
        'no validator',
        'no fuzz target',
        'no escape attempt, and no reason for that',
      ];
      for (const what of lacking) expect(stderr).toContain(`${id}: ${what}\n`);
      expect(stderr).toContain(`${id}: no review signs it off with hash `);
    }
  });

  it('pass when they have everything', async () => {
    expect(await complaints({})).toEqual([]);
  });

  it.each([
    ['an entry', {}, 'entry', `not in ${SURFACE_FILE}`],
    ['a validator', { validators: [] }, '', 'no validator'],
    [
      'a validator that exists',
      { validators: ['hypervisor/hypercall/control-word.ts#checkAnything'] },
      '',
      'validator: hypervisor/hypercall/control-word.ts declares no checkAnything',
    ],
    ['a fuzz target', { fuzz: [] }, '', 'no fuzz target'],
    ['a fuzz target that exists', { fuzz: ['peeking'] }, '', 'there is no fuzz target peeking'],
    ['an attempt', { attempts: [] }, '', 'no escape attempt, and no reason for that'],
    ['an attempt that exists', { attempts: ['e99-peek'] }, '', 'there is no escape attempt e99-peek'],
    [
      'a reason for having no attempt',
      { attempts: 'none: no' },
      '',
      'no reason for having no escape attempt',
    ],
  ] as const)('fail for lack of %s alone', async (_what, links, lacks, complaint) => {
    const found = await complaints(links as Partial<SurfaceLinks>, lacks);
    expect(found.toSorted()).toEqual(added.map((id) => `${id}: ${complaint}`).toSorted());
  });

  it('fail for lack of a review alone, and for one of what was there before', async () => {
    const unsigned = await complaints({}, 'review');
    expect(unsigned.length).toBe(added.length);
    for (const id of added) expect(unsigned.join('\n')).toContain(`${id}: no review signs it off with hash `);
    expect(await complaints({})).toEqual([]);
    const file = join(copy, 'root-partition/storage/requests.ts');
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace('if (length % STORAGE_BLOCK_BYTES !== 0 && !isTail)', 'if (length < 0)'),
    );
    const { problems } = await composeSurface(copy, [...surfaceLinks, complete]);
    writeFileSync(file, text);
    expect(problems.join('\n')).toContain('channel.storage.STORAGE_READ: no review signs it off with hash ');
    expect(problems.join('\n')).not.toContain('channel.console');
  });
});
