// The launcher thread: confines itself once, for good, and then starts processes on request. Landlock and seccomp bind
// a thread and are inherited by what it spawns, so every process from here is jailed from its first instruction while
// the hypervisor's other threads stay free (hypervisor/docs/decisions/0002-jail-through-a-launcher-thread.md).
import { parentPort, workerData } from 'node:worker_threads';
import { readBoundedText } from './bounded-text.ts';
import { landlockAbi, landlockGaps, restrictSelf } from './landlock.ts';
import type { LauncherEvent, LauncherRequest, LauncherThreadData } from './launcher-protocol.ts';
import { installFilter, setNoNewPrivileges } from './seccomp/install.ts';
import { launchingRules } from './seccomp/profiles.ts';
import { spawnEngine } from './spawn-engine.ts';

const port = parentPort as NonNullable<typeof parentPort>;
const send = (event: LauncherEvent): void => port.postMessage(event);

function confine(data: LauncherThreadData): string[] {
  const walls: string[] = [];
  setNoNewPrivileges();
  walls.push('no_new_privs: no program can raise its privileges');
  const abi = landlockAbi();
  if (abi > 0 && data.grants !== null) {
    restrictSelf(data.grants);
    const gaps = landlockGaps(abi);
    walls.push(
      `Landlock ABI ${abi}: files, TCP, signals${gaps.length > 0 ? `; not: ${gaps.join(', ')}` : ''}`,
    );
  }
  installFilter(launchingRules, 'allow', 'thread');
  walls.push('seccomp while launching: no sockets, tracing, signals, namespaces, io_uring');
  return walls;
}

function launch(request: LauncherRequest): void {
  const { id } = request;
  try {
    const child = spawnEngine(request);
    child.on('error', (error) => send({ type: 'failed', id, message: error.message }));
    readBoundedText(child.stderr, (text) => send({ type: 'stderr', id, text }));
    child.on('exit', (code, signal) => send({ type: 'exited', id, code, signal }));
    if (child.pid !== undefined) send({ type: 'started', id, pid: child.pid });
  } catch (error) {
    send({ type: 'failed', id, message: (error as Error).message });
  }
}

send({ type: 'confined', walls: confine(workerData as LauncherThreadData) });
port.on('message', launch);
