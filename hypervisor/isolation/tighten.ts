// The last doors, closed by a partition process behind itself: after its program is loaded and its VP's thread runs,
// before it looks at guest bytes. Order matters: the uid changes while files no longer matter but system calls still
// work; the filter comes after it because it refuses setuid too; the engine's permissions come last because node:ffi
// is needed until then.
import { systemCall } from './foreign-functions.ts';
import { installFilter } from './seccomp/install.ts';
import { partitionRules } from './seccomp/profiles.ts';

const PR_SET_DUMPABLE = 4;
const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 7;
const MAX_DESCRIPTORS = 64;

/** @param uid the user and group that this partition alone runs as, where the hypervisor runs as root */
export function tighten(options: { uid: number | undefined }): string[] {
  const walls: string[] = [];
  setLimit(RLIMIT_CORE, 0);
  setLimit(RLIMIT_NOFILE, MAX_DESCRIPTORS);
  if (options.uid !== undefined) {
    dropUser(options.uid);
    walls.push(`user and group ${options.uid}, no capabilities`);
  }
  if (systemCall('prctl', PR_SET_DUMPABLE, 0, 0, 0, 0) === 0)
    walls.push('no core dump, no tracing by others');
  installFilter(partitionRules, 'refuse', 'process');
  walls.push('seccomp allow-list on all threads: nothing can be opened, connected, started or signalled');
  if (dropEnginePermissions()) walls.push('engine permissions: no files, no foreign functions');
  return walls;
}

function setLimit(resource: number, value: number): void {
  const limit = new Uint8Array(16);
  const view = new DataView(limit.buffer);
  view.setBigUint64(0, BigInt(value), true);
  view.setBigUint64(8, BigInt(value), true);
  systemCall('prlimit64', 0, resource, limit, 0);
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
