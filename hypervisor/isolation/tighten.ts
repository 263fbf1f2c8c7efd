// The last doors, closed by a partition process (and by the root partition process) behind itself: after its program
// is loaded and its VP's thread runs, before it looks at guest bytes. Order matters: the uid changes while files no longer matter but system calls still
// work; the filter comes after it because it refuses setuid too; the engine's permissions come last because node:ffi
// is needed until then.
import { architecture, systemCall } from './foreign-functions.ts';
import { landlockAbi, restrictSelf } from './landlock.ts';
import { keepMemoryPrivate } from './private-memory.ts';
import { setLimit } from './resource-limit.ts';
import { installFilter, setNoNewPrivileges, tryInstallFilter } from './seccomp/install.ts';
import { partitionRules, rootPartitionRules } from './seccomp/profiles.ts';

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const F_SETFD = 2;
const RLIMIT_NPROC = 6;
const RLIMIT_NOFILE = 7;
const MAX_DESCRIPTORS = 64;
/** Threads of one partition's user; an engine has about a dozen. */
const MAX_THREADS = 128;
/** Just below the partitions' users (hypervisor.ts). */
const ROOT_PARTITION_UID = 199_999;

/** @param uid the user and group that this partition alone runs as, where the hypervisor runs as root */
export function tighten(options: { uid: number | undefined }): string[] {
  const walls: string[] = [];
  // Set by a confined launcher already; the filter carries it to all threads.
  setNoNewPrivileges();
  setLimit(RLIMIT_NOFILE, MAX_DESCRIPTORS);
  if (options.uid !== undefined) {
    walls.push(...tryDropUser(options.uid));
    if (process.getuid?.() === options.uid) setLimit(RLIMIT_NPROC, MAX_THREADS);
  }
  // After the change of user, which would clear it. A process whose parent is gone already sees its sockets end.
  if (systemCall('prctl', PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) === 0) walls.push('ends with the hypervisor');
  walls.push(...keepMemoryPrivate());
  installFilter(partitionRules, 'refuse', 'process');
  walls.push('seccomp allow-list on all threads: nothing can be opened, connected, started or signalled');
  if (dropEnginePermissions())
    walls.push('engine permissions: no files, no foreign functions but those that wait');
  return walls;
}

/** In the environment of an engine that `restartWithoutRing` has started. */
const RESTARTED = 'COFFERDAM_RESTARTED';

/**
 * Starts the calling program again, in the same process, with system calls for io_uring refused. An event loop makes
 * a ring when it comes up, if it can; a ring cannot be given up later, and would let its owner past any filter.
 * Returns only in the program that was started again, or where there are no filters.
 * @param descriptors those to keep; the first is the IPC channel, on which nothing may have been sent yet
 * @param fileThreads how many threads the engine gets for file operations
 */
export function restartWithoutRing(descriptors: readonly [number, ...number[]], fileThreads: number): void {
  if (!canConfine() || process.env[RESTARTED] !== undefined) return;
  setNoNewPrivileges();
  if (!tryInstallFilter([{ call: 'io_uring_setup', verdict: 'unknown' }], 'allow', 'thread')) return;
  for (const fd of descriptors) systemCall('fcntl', fd, F_SETFD, 0);
  const environment = {
    ...(process.env as Record<string, string>),
    NODE_CHANNEL_FD: String(descriptors[0]),
    NODE_CHANNEL_SERIALIZATION_MODE: 'json',
    UV_THREADPOOL_SIZE: String(fileThreads),
    [RESTARTED]: '1',
  };
  const program = process.argv[1] as string;
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, program], environment);
}

const canConfine = (): boolean => process.platform === 'linux' && architecture !== undefined;

/**
 * The same for the root partition process, before it hears of any partition. What it works on from here on are
 * descriptors that it is handed. @returns what holds it; nothing where the system has no means
 */
export function tightenRootPartition(): string[] {
  if (!canConfine()) return [];
  const walls: string[] = [];
  setNoNewPrivileges();
  if (process.getuid?.() === 0) walls.push(...tryDropUser(ROOT_PARTITION_UID));
  walls.push(...keepMemoryPrivate());
  if (landlockAbi() > 0) {
    restrictSelf([]);
    walls.push('Landlock: no path can be reached');
  }
  if (tryInstallFilter(rootPartitionRules, 'refuse', 'process')) {
    walls.push(
      'seccomp allow-list on all threads: nothing can be opened, connected, started or made executable',
    );
  }
  return walls;
}

/** The wall that a user of its own is, or none where a container maps no such user; nothing else depends on it. */
function tryDropUser(uid: number): string[] {
  try {
    dropUser(uid);
    return [`user and group ${uid}, no capabilities`];
  } catch {
    return [];
  }
}

/** glibc carries set*id calls to every thread of the process. */
function dropUser(uid: number): void {
  process.setgroups?.([]);
  process.setgid?.(uid);
  process.setuid?.(uid);
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid || process.getgid?.() !== uid) {
    throw new Error(`still user ${process.getuid?.()} after setuid(${uid})`);
  }
}

function dropEnginePermissions(): boolean {
  const permission = process.permission as { drop?: (scope: string) => void } | undefined;
  if (permission?.drop === undefined) return false;
  for (const scope of ['ffi', 'fs', 'worker']) permission.drop(scope);
  return true;
}
