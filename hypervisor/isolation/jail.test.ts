// The jail against planted JavaScript: every probe fails in it, the same probe succeeds without it, and each wall is
// missed when just that wall is left out. Runs as root and as an ordinary user.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionEngineFlags } from './engine-flags.ts';
import { landlockAbi } from './landlock.ts';
import { type ConfinedLauncher, FreeLauncher, type LaunchedProcess, type Launcher } from './launcher.ts';
import { probeBehind, probeSources, startProbeLauncher, succeeded } from './probes/probe-behind.ts';
import type { ProbeReport } from './probes/probe-process.ts';
import { type ProbeTargets, probes } from './probes/probes.ts';

const isRoot = process.getuid?.() === 0;
const UID = 259_999;

/** The flags of a real partition process, and what else running from source takes. */
const withPermissions = [...partitionEngineFlags({ memoryPages: 64 }), `--allow-fs-read=${probeSources}/*`];
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
  confined = await startProbeLauncher();
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

const probe = (launcher: Launcher, engineFlags: string[], isTightened: boolean): Promise<ProbeReport> =>
  probeBehind(launcher, engineFlags, { isTightened, uid: isRoot ? UID : null, targets });

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

  it('has Landlock, where the kernel does, from the first instruction: files are closed before the allow-list stands', async () => {
    const { main } = await probe(confined, kernelOnly, false);
    for (const name of [
      'read a file',
      'read /etc/passwd',
      'list the root folder',
      'write a file',
      'start a shell',
    ]) {
      expect(main[name], name).toBe(landlockAbi() > 0 ? 'EACCES' : 'succeeded');
    }
  });

  it('holds without Landlock too, once the allow-list stands', async () => {
    const launcher = await startProbeLauncher(null);
    const { main, worker } = await probe(launcher, kernelOnly, true);
    await launcher.close();
    expect(succeeded(main)).toEqual([]);
    expect(succeeded(worker)).toEqual([]);
  });
});
