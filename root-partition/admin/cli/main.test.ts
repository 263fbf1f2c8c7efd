// The command as users run it: dist/cli.js in a process of its own. Needs `npm run build`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { installationTop } from '../../../hypervisor/index.ts';
import { landlockAbi } from '../../../hypervisor/isolation/landlock.ts';
import {
  guestModule,
  hypercallImport,
  publishesGarbage,
} from '../../../hypervisor/isolation/testing/guest-module.ts';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cofferdam = (...words: string[]) => {
  const program = join(installationTop, 'root-partition/admin/cli/bin.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: folder },
    input: '',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
};

describe('cofferdam', () => {
  it('runs a sample, its console on standard output alone', () => {
    const { status, stdout, stderr } = cofferdam('run', 'hello');
    expect(status).toBe(0);
    expect(stdout).toBe('Hello from a partition that can reach nothing but its own memory.\n');
    expect(stderr).toContain('isolation level');
    // Of the engine's warnings none, of ours the one that is true.
    const warnings = stderr.match(/.*warning.*/gi) ?? [];
    expect(warnings.length).toBe(landlockAbi() > 0 ? 0 : 1);
    for (const warning of warnings) expect(warning).toContain('the kernel has no Landlock');
  });

  it('ends quietly when nobody reads what it prints', () => {
    const program = join(installationTop, 'root-partition/admin/cli/bin.mjs');
    const script = 'set -o pipefail; "$0" "$1" run --help | true';
    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, program], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 141, stderr: '' });
  });

  it('tells the run as JSON lines, the result last', () => {
    const { status, stdout } = cofferdam('run', 'primes', '--json', '--isolation', 'thread');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(status).toBe(0);
    const [first] = events.filter(({ event }) => event !== 'warning');
    expect(first).toMatchObject({ event: 'started', isolation: 'thread' });
    expect(events.at(-1)).toMatchObject({ event: 'result' });
  });

  it('tells of code that a guest must not publish, and counts it', () => {
    const file = join(folder, 'publishes.wasm');
    writeFileSync(file, guestModule({ body: publishesGarbage(1234), imports: [hypercallImport] }));
    const { status, stderr } = cofferdam('run', file, '--stats');
    expect(status).toBe(0);
    expect(stderr).toMatch(/warning: the guest's code was refused.*: this partition may not publish code\n/);
    expect(stderr).toContain('code: 0 published, 1 234 refused (0 by the check, 0 by the engine)');
    const { stdout } = cofferdam('run', file, '--json');
    expect(stdout).toContain('{"event":"code-refused","refused":');
  });

  it('gives a guest that says it failed status 1', () => {
    expect(cofferdam('run', 'block-check').status).toBe(1);
  });

  it('refuses what is not there with status 6 and what cannot be meant with status 2', () => {
    expect(cofferdam('run', 'nonsense')).toMatchObject({ status: 6, stdout: '' });
    expect(cofferdam('run', 'hello', '--cpus', '4')).toMatchObject({ status: 2, stdout: '' });
    expect(cofferdam('run', 'hello', '--frobnicate').status).toBe(2);
    const noise = join(folder, 'noise.wasm');
    writeFileSync(noise, 'no module');
    expect(cofferdam('run', noise).status).toBe(6);
  });

  it('lists, helps, and knows its version', () => {
    expect(cofferdam('list').stdout).toContain('key-value');
    expect(cofferdam('--help').stdout).toContain('Examples:');
    expect(cofferdam('run', '--help').stdout).toContain('Exit status:');
    expect(cofferdam('--version').stdout).toMatch(/^0\.\d+\.\d+ \(engine v26/);
  });

  it('lists escape attempts, and refuses those that it does not know', () => {
    expect(cofferdam('escape').stdout).toMatch(/guest and hypervisor\n {2}E02 /);
    expect(JSON.parse(cofferdam('escape', 'controls', '--json').stdout).controls.length).toBeGreaterThan(10);
    expect(cofferdam('escape', 'run', 'E999')).toMatchObject({ status: 2, stdout: '' });
    expect(cofferdam('escape', 'run', '--without', 'nonsense')).toMatchObject({ status: 2, stdout: '' });
    expect(cofferdam('escape', 'run', '--isolation', 'none').status).toBe(2);
  });

  it('makes an escape attempt with and without what holds it, and writes a report', () => {
    const html = join(folder, 'report.html');
    const { status, stdout } = cofferdam(
      'escape',
      'run',
      'E15a',
      '--without',
      'each',
      '--json',
      '--html',
      html,
    );
    const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(status).toBe(0);
    expect(summary).toMatchObject({ event: 'summary', planned: 2, bad: 0 });
    const verdicts = summary.results.map((result: { verdict: string }) => result.verdict);
    expect(verdicts).toEqual(['contained', 'succeeds']);
    expect(readFileSync(html, 'utf8')).toContain('without <code>privilege-mask</code>');
  });

  it('shows what a missing control would have meant, where one that holds is still there', () => {
    const { status, stdout } = cofferdam('escape', '--without', 'landlock', 'E05a');
    expect(status).toBe(0);
    expect(stdout).toMatch(/E05a .* without landlock +contained/);
  });
});
