// The jail against planted JavaScript: every probe fails in it, the same probe succeeds without it, and each wall is
// missed when just that wall is left out. Runs as root and as an ordinary user.
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeDescriptor } from './descriptors.ts';
import { partitionEngineFlags } from './engine-flags.ts';
import { landlockAbi } from './landlock.ts';
import {
  ConfinedLauncher,
  FreeLauncher,
  type LaunchedProcess,
  type Launcher,
  launchGrants,
} from './launcher.ts';
import type { ProbeOrder, ProbeReport, ProbeResults } from './probes/probe-process.ts';
import { type ProbeTargets, probes } from './probes/probes.ts';
import { socketPair } from './socket-pair.ts';

const here = dirname(fileURLToPath(import.meta.url));
const hypervisorFolder = realpathSync(join(here, '..'));
const program = join(here, 'probes/probe-process.ts');
const isRoot = process.getuid?.() === 0;
const UID = 259_999;

/** The flags of a real partition process, and what else running from source takes. */
const withPermissions = [
  ...partitionEngineFlags({ memoryPages: 64 }),
  `--allow-fs-read=${hypervisorFolder}/*`,
];
/** Without the engine's permission model: the kernel's walls alone. */
const kernelOnly = ['--no-warnings'];

let folder: string;
let server: Server;
let confined: ConfinedLauncher;
const free = new FreeLauncher();
let sibling: LaunchedProcess;
let targets: ProbeTargets;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-jail-'));
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, 'secret'), 'secret', { mode: 0o644 });
  server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  confined = await ConfinedLauncher.start([...launchGrants(), { path: hypervisorFolder, access: 'read' }]);
  // Stands for another partition: an ordinary process of the same user that waits.
  sibling = await free.launch({
    program: '-e',
    arguments: ['setInterval(() => {}, 1000)'],
    engineFlags: [],
    fds: [],
  });
  targets = {
    secretFile: join(folder, 'secret'),
    scratchFolder: folder,
    parentPid: process.pid,
    siblingPid: sibling.pid,
    port: (server.address() as AddressInfo).port,
  };
});

afterAll(async () => {
  sibling?.kill();
  await sibling?.exited;
  await confined?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function probe(launcher: Launcher, engineFlags: string[], isTightened: boolean): Promise<ProbeReport> {
  const [own, theirs] = socketPair();
  const launched = await launcher.launch({ program, arguments: [], engineFlags, fds: [theirs] });
  closeDescriptor(theirs);
  const control = new Socket({ fd: own, readable: true, writable: true });
  const order: ProbeOrder = { isTightened, uid: isRoot ? UID : null, targets };
  control.write(`${JSON.stringify(order)}\n`);
  let text = '';
  for await (const piece of control) text += piece;
  await launched.exited;
  expect(launched.stderrTail()).toBe('');
  return JSON.parse(text) as ProbeReport;
}

const succeeded = (results: ProbeResults): string[] =>
  Object.keys(probes).filter((name) => results[name] === 'succeeded');

describe('the jail', () => {
  it('stops every probe, on the main thread and on a worker that was there before', async () => {
    const { main, worker, walls } = await probe(confined, withPermissions, true);
    expect(succeeded(main)).toEqual([]);
    expect(succeeded(worker)).toEqual([]);
    expect(walls.some((wall) => wall.includes('seccomp'))).toBe(true);
    if (isRoot) expect(walls.some((wall) => wall.includes(String(UID)))).toBe(true);
  });

  it('stops every probe by the kernel alone, with the engine permissions out of the way', async () => {
    const { main, worker } = await probe(confined, kernelOnly, true);
    expect(succeeded(main)).toEqual([]);
    expect(succeeded(worker)).toEqual([]);
  });

  it('is what stops them: without it every one succeeds', async () => {
    const { main, worker } = await probe(free, kernelOnly, false);
    expect(succeeded(main)).toEqual(Object.keys(probes));
    // A process has one tracer, and that is the main thread's probe by now.
    const others = Object.keys(probes).filter((name) => name !== 'trace another partition');
    expect(succeeded(worker)).toEqual(others);
  });

  it('needs the allow-list: without it the engine can be started again', async () => {
    const { main } = await probe(confined, kernelOnly, false);
    expect(succeeded(main)).toContain('start the engine again');
  });

  it('has Landlock from the first instruction: files are closed before the allow-list stands', async () => {
    expect(landlockAbi()).toBeGreaterThan(0);
    const { main } = await probe(confined, kernelOnly, false);
    for (const name of [
      'read a file',
      'read /etc/passwd',
      'list the root folder',
      'write a file',
      'start a shell',
    ]) {
      expect(main[name]).toBe('EACCES');
    }
  });

  it('holds without Landlock too, once the allow-list stands', async () => {
    const launcher = await ConfinedLauncher.start(null);
    const { main, worker } = await probe(launcher, kernelOnly, true);
    await launcher.close();
    expect(succeeded(main)).toEqual([]);
    expect(succeeded(worker)).toEqual([]);
  });
});
