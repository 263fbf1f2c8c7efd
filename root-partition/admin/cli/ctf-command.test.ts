// The flag game as players start it: exit statuses, claims in a later call, an end by a signal. Needs `npm run build`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { flagNames } from '../../../guests/escape/index.ts';
import { installationTop } from '../../../hypervisor/index.ts';
import { endlessLoop, guestModule } from '../../../hypervisor/isolation/testing/guest-module.ts';
import { parseGameRecord } from './game-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-ctf-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = join(installationTop, 'root-partition/admin/cli/bin.mjs');
const escaped = join(installationTop, 'build/test-guests/escape/escaped.wasm');

const ctf = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'escape', 'ctf', ...words], {
    encoding: 'utf8',
    input: '',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};

const eventsIn = (output: string) =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('cofferdam escape ctf', () => {
  it('ends with 0 when nothing was taken, the guest alone on standard output', () => {
    const { status, stdout, stderr } = ctf('hello');
    expect(status).toBe(0);
    expect(stdout).toBe('Hello from a partition that can reach nothing but its own memory.\n');
    expect(stderr).toMatch(/cofferdam: three flags are out/);
    expect(stderr).toMatch(/cofferdam: no flag was taken\n$/);
  });

  it('ends with 1 when flags were taken, and judges them again in a later call', () => {
    const file = join(folder, 'game.json');
    const words = ['--argument', 'planted=GAME', '--without', 'engine+jail+undumpable', '--game', file];
    const { status, stdout } = ctf(escaped, ...words, '--json');
    const events = eventsIn(stdout);
    const claims = events.filter(({ event }) => event === 'claim');
    expect(status).toBe(1);
    expect(claims.map(({ flag }) => flag).toSorted()).toEqual(flagNames.toSorted());
    expect(claims[0]).toMatchObject({ severity: 'none' });
    expect(events.at(-1)).toMatchObject({ event: 'result', harm: [], exitStatus: 1 });

    const record = readFileSync(file, 'utf8');
    const [flag = ''] = stdout.match(/flag\{[0-9a-f]{32}\}/) ?? [];
    expect(record).not.toContain('flag{');
    expect(parseGameRecord(record)).toMatchObject({ without: ['engine', 'jail', 'undumpable'] });
    const later = ctf('--claim', ` ${flag} `, '--claim', 'flag{}', '--game', file, '--json');
    expect(later.status).toBe(1);
    expect(eventsIn(later.stdout)).toMatchObject([
      { flag: 'file', boundary: 'partition process and host' },
      { flag: null },
    ]);
    // It weighs what it weighs on a machine with all its walls.
    writeFileSync(file, JSON.stringify({ ...JSON.parse(record), isolation: 'jail', without: [] }));
    expect(ctf('--claim', flag, '--game', file).stderr).toContain('severity critical');
    const wrong = ctf('--claim', `flag{${'0'.repeat(32)}}`, '--game', file);
    expect(wrong).toMatchObject({ status: 0, stdout: '' });
    expect(wrong.stderr).toContain('no flag of this game');
  });

  it('refuses what cannot be meant with 2 and what cannot be played with 6', () => {
    const none = join(folder, 'none');
    for (const words of [
      [],
      ['hello', '--claim', 'flag{}'],
      ['--claim', 'flag{}'],
      ['hello', '--without', 'nonsense'],
      ['hello', '--isolation', 'none'],
      ['hello', '--argument', '=x'],
    ])
      expect([words, ctf(...words).status]).toEqual([words, 2]);
    writeFileSync(none, '{"isolation":"jail","without":[],"hashes":{}}');
    for (const words of [
      ['nonsense'],
      [none],
      ['hello', '--game', folder],
      ['--claim', 'flag{}', '--game', none],
      ['--claim', 'flag{}', '--game', folder],
    ])
      expect([words, ctf(...words).status]).toEqual([words, 6]);
  });

  it('takes everything down when it is interrupted', async () => {
    const guest = join(folder, 'loops.wasm');
    writeFileSync(guest, guestModule({ body: endlessLoop }));
    const child = spawn(process.execPath, [program, 'escape', 'ctf', guest, '--json'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const started = new Promise<string>((resolve) => child.stdout.once('data', (line) => resolve(`${line}`)));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [field] = eventsIn(await started);
    expect(field).toMatchObject({ event: 'started' });
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    for (const pid of [field.hypervisorPid, field.neighbourPid, field.playerPid])
      expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(existsSync(dirname(field.flagFile))).toBe(false);
  });
});
