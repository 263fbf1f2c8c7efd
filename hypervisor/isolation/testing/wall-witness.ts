// Looks at Cofferdam's processes from outside and has hostile code try their walls, on this machine, as this user, and
// prints what it found as one line of JSON. It believes nothing that the processes say of themselves.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hypervisor } from '../../index.ts';
import type { Launcher } from '../launcher.ts';
import { probeBehind, startProbeLauncher, succeeded } from '../probes/probe-behind.ts';
import type { ProbeTargets } from '../probes/probes.ts';
import { endlessLoop, guestModule } from './guest-module.ts';

const SPARE_UID = 259_999;
const FILTERED = /^Seccomp:\s+2$/m;

export interface SeenProcess {
  uid: number;
  hasCapabilities: boolean;
  /** On every thread. */
  hasFilter: boolean;
  hasNoNewPrivileges: boolean;
  mayLeaveCore: boolean;
  /** Whether another process of its user sees its memory. */
  isSeen: boolean;
  isInMemoryGroup: boolean;
}

export interface Witness {
  uid: number;
  isolation: string;
  partition: SeenProcess;
  /** A partition at level `process`. */
  unjailed: SeenProcess;
  root: SeenProcess;
  /** What succeeds in a process that a confined launcher has started, before and after it tightened; null: no jail. */
  probes: { launched: string[]; tightened: string[] } | null;
}

function isSeenByItsUser(pid: number, uid: number): boolean {
  const script = fileURLToPath(new URL('./try-to-look.ts', import.meta.url));
  // A root that looks has rights beside those of a user.
  const user = process.getuid?.() === 0 && uid !== 0 ? { uid, gid: uid } : {};
  const { stdout } = spawnSync(process.execPath, [script, String(pid)], { ...user, encoding: 'utf8' });
  return JSON.parse(stdout).length === 1;
}

function see(pid: number): SeenProcess {
  const folder = `/proc/${pid}`;
  const threads = readdirSync(`${folder}/task`).map((tid) =>
    readFileSync(`${folder}/task/${tid}/status`, 'utf8'),
  );
  const [status = ''] = threads;
  const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
  return {
    uid,
    hasCapabilities: !threads.every((thread) => /^Cap(?:Prm|Eff):\s+0+$/m.test(thread)),
    hasFilter: threads.every((thread) => FILTERED.test(thread)),
    hasNoNewPrivileges: threads.every((thread) => /^NoNewPrivs:\s+1$/m.test(thread)),
    mayLeaveCore: !/^Max core file size\s+0\s+0\s/m.test(readFileSync(`${folder}/limits`, 'utf8')),
    isSeen: isSeenByItsUser(pid, uid),
    isInMemoryGroup: readFileSync(`${folder}/cgroup`, 'utf8').includes(`/cofferdam-${pid}\n`),
  };
}

async function tryWalls(): Promise<Witness['probes']> {
  const launcher: Launcher | undefined = await startProbeLauncher().catch(() => undefined);
  if (launcher === undefined) return null;
  const scratchFolder = mkdtempSync(join(tmpdir(), 'cofferdam-witness-'));
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const secretFile = join(scratchFolder, 'secret');
    writeFileSync(secretFile, 'secret', { mode: 0o644 });
    const { port } = server.address() as AddressInfo;
    const targets: ProbeTargets = {
      secretFile,
      scratchFolder,
      port,
      parentPid: process.pid,
      siblingPid: process.pid,
    };
    const uid = process.getuid?.() === 0 ? SPARE_UID : null;
    const run = async (isTightened: boolean): Promise<string[]> =>
      succeeded((await probeBehind(launcher, ['--no-warnings'], { isTightened, uid, targets })).main);
    return { launched: await run(false), tightened: await run(true) };
  } finally {
    server.close();
    rmSync(scratchFolder, { recursive: true, force: true });
    await launcher.close();
  }
}

await using hypervisor = await Hypervisor.start();
const module = guestModule({ body: endlessLoop });
await using partition = await hypervisor.createPartition({ guest: { kind: 'unikernel', module } });
await using unjailed = await hypervisor.createPartition({
  guest: { kind: 'unikernel', module },
  isolation: 'process',
});
const witness: Witness = {
  uid: process.getuid?.() ?? 0,
  isolation: partition.isolation,
  partition: see(partition.pid),
  unjailed: see(unjailed.pid),
  root: see(hypervisor.rootPid),
  probes: await tryWalls(),
};
console.log(JSON.stringify(witness));
