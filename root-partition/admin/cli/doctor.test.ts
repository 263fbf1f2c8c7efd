// `cofferdam doctor` beside a witness that looks at the processes from outside and has hostile code try their walls: as
// whoever runs this, as an ordinary user, and each as on kernels without Landlock or without filters of system calls.
// From a copy of the installation that everybody may read. Needs `npm run build`.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installationTop } from '../../../hypervisor/index.ts';
import { MANIFEST } from '../../../hypervisor/isolation/installation-check.ts';
import type { Witness } from '../../../hypervisor/isolation/testing/wall-witness.ts';
import type { Finding } from './doctor-command.ts';

const NOBODY = 65_534;
const ownUid = process.getuid?.() ?? 0;
/** Under anybody but root the two are the same. */
const ordinaryUid = ownUid === 0 ? NOBODY : ownUid;

let top: string;
let engine: string;

beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'cofferdam-doctor-'));
  chmodSync(top, 0o755);
  const { files } = JSON.parse(readFileSync(join(installationTop, MANIFEST), 'utf8'));
  const ofPackages = Object.keys(files).filter((file) => file.startsWith('node_modules/'));
  for (const path of ['package.json', 'dist', 'build/guests/hello.wasm', 'hypervisor', ...ofPackages]) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    cpSync(join(installationTop, path), join(top, path), { recursive: true, dereference: true });
  }
  engine = join(top, 'engine');
  cpSync(process.execPath, engine);
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

interface Conditions {
  uid: number;
  /** System calls that the kernel does not have. */
  lacks: string[];
}

function run({ uid, lacks }: Conditions, program: string, words: string[]) {
  const command = [engine, '--no-warnings', join(top, program), ...words];
  const kernel = [engine, '--no-warnings', join(top, 'hypervisor/isolation/testing/without-system-calls.ts')];
  const [file, ...rest] = lacks.length === 0 ? command : [...kernel, lacks.join(), ...command];
  const user = uid === ownUid ? {} : { uid, gid: uid };
  const env = { PATH: process.env['PATH'], XDG_CACHE_HOME: join(top, 'cache'), HOME: top };
  return spawnSync(file as string, rest, { ...user, env, cwd: '/', encoding: 'utf8', timeout: 60_000 });
}

function doctor(conditions: Conditions): { status: number | null; findings: Finding[] } {
  const { status, stdout, stderr } = run(conditions, 'dist/cli.js', ['doctor', '--json']);
  expect(stderr).toBe('');
  return { status, findings: JSON.parse(stdout).findings };
}

function witness(conditions: Conditions): Witness {
  const { stdout, stderr } = run(conditions, 'hypervisor/isolation/testing/wall-witness.ts', []);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** Wall → whether it stands, by what was seen and tried. */
function standing({ uid, partition, root, probes }: Witness): Record<string, boolean> {
  const isPrivate = (seen: Witness['root']): boolean => !seen.isSeen && !seen.mayLeaveCore;
  const isHeld = (name: string, at: 'launched' | 'tightened'): boolean =>
    probes !== null && !probes[at].includes(name);
  return {
    'partition: privileges': partition.hasNoNewPrivileges,
    'partition: Landlock': isHeld('read a file', 'launched'),
    'partition: launching filter': isHeld('open a raw socket descriptor', 'launched'),
    'partition: own user': partition.uid !== uid && !partition.hasCapabilities,
    'partition: private memory': isPrivate(partition),
    'partition: system-call list': partition.hasFilter && isHeld('start the engine again', 'tightened'),
    'partition: memory group': partition.isInMemoryGroup,
    'root partition: own user': root.uid !== uid && !root.hasCapabilities,
    'root partition: private memory': isPrivate(root),
    'root partition: system-call list': root.hasFilter,
  };
}

const LANDLOCK = ['landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self'];
const conditions: [string, Conditions][] = [
  ['as whoever runs this', { uid: ownUid, lacks: [] }],
  ['as an ordinary user', { uid: ordinaryUid, lacks: [] }],
  ['without Landlock', { uid: ownUid, lacks: LANDLOCK }],
  ['as an ordinary user without Landlock', { uid: ordinaryUid, lacks: LANDLOCK }],
];

describe.each(conditions)('doctor, %s,', (_what, under) => {
  it('tells of the walls that stand and of no others', () => {
    const { status, findings } = doctor(under);
    const seen = witness(under);
    const stands = standing(seen);
    const told = Object.fromEntries(
      Object.keys(stands).map((wall) => [
        wall,
        findings.find(({ subject }) => subject === wall)?.state === 'good',
      ]),
    );
    expect(told).toEqual(stands);
    expect(seen.isolation).toBe('jail');
    expect(findings).toContainEqual({ subject: 'isolation', state: 'good', text: 'jail' });
    expect(status).toBe(0);
    // What these conditions are for.
    if (under.lacks.length > 0) {
      expect(stands['partition: Landlock']).toBe(false);
      for (const process of ['partition', 'root partition']) {
        const missing = findings.find(({ subject }) => subject === `${process}: Landlock`);
        expect(missing).toMatchObject({ state: 'note', text: expect.stringContaining('missing') });
      }
    }
    if (under.uid !== 0) {
      expect(seen.partition.uid).toBe(under.uid);
      const missing = findings.find(({ subject }) => subject === 'partition: own user');
      expect(missing?.text).toContain(`runs as user ${under.uid}`);
    }
    // Whatever else is missing, these do not depend on who runs it.
    for (const wall of ['privileges', 'launching filter', 'private memory', 'system-call list'])
      expect(stands[`partition: ${wall}`], wall).toBe(true);
    for (const wall of ['private memory', 'system-call list'])
      expect(stands[`root partition: ${wall}`], wall).toBe(true);
    expect(seen.probes?.tightened).toEqual([]);
    for (const each of [seen.partition, seen.unjailed, seen.root]) expect(each.mayLeaveCore).toBe(false);
    if (under.uid !== 0) expect(seen.unjailed.isSeen).toBe(false);
  });
});

describe('doctor without filters of system calls', () => {
  it('finds no jail, says why, and says so by its status', () => {
    const under = { uid: ownUid, lacks: ['seccomp'] };
    const { status, findings } = doctor(under);
    expect(findings.find(({ subject }) => subject === 'isolation')).toMatchObject({ state: 'bad' });
    expect(findings.find(({ subject }) => subject === 'partition: system-call list')?.state).toBe('note');
    expect(findings.find(({ subject }) => subject === 'root partition: system-call list')?.state).toBe(
      'note',
    );
    const warnings = findings.filter(({ subject }) => subject === 'warning').map(({ text }) => text);
    expect(warnings.join()).toMatch(/no jail.*seccomp/);
    expect(warnings.join()).toContain('the root partition process is not confined');
    expect(status).toBe(1);
    expect(witness(under)).toMatchObject({ isolation: 'process', probes: null });
  });
});
