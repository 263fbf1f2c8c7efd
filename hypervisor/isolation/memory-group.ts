// A memory control group around one partition process, where the hypervisor may make one (Linux cgroups: kernel
// documentation, admin-guide/cgroup-v2 and cgroup-v1/memory). The kernel ends the process when it goes over the limit;
// its neighbours' memory is not touched. Where no group can be made, the engine's own limits remain.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PREFIX = 'cofferdam-';
const REMOVAL_TRIES = 50;
const REMOVAL_PAUSE_MS = 10;
/** What the engine, its code and its threads take beside the guest's memory. */
const ENGINE_BYTES = 384 * 2 ** 20;

/** Files of the two versions; what follows `=` is written besides the limit, where the file exists. */
const versions = [
  { limit: 'memory.max', also: { 'memory.swap.max': '0', 'memory.oom.group': '1' } },
  { limit: 'memory.limit_in_bytes', also: { 'memory.swappiness': '0' } },
] as const;

/** How much a partition process may use whose guest has this much memory. */
export const processMemoryBytes = (guestBytes: number): number => guestBytes + ENGINE_BYTES;

export class MemoryGroup {
  readonly wall: string;
  readonly #folder: string;

  private constructor(folder: string, limitBytes: number) {
    this.#folder = folder;
    this.wall = `memory control group: ${Math.ceil(limitBytes / 2 ** 20)} MiB`;
  }

  /**
   * Makes a group below one of the folders that may hold one and moves a process, with all of its threads, into it.
   * @returns undefined where none of them lets itself be used
   */
  static around(
    pid: number,
    limitBytes: number,
    parents: readonly string[] = candidateFolders(),
  ): MemoryGroup | undefined {
    for (const parent of parents) {
      removeAbandoned(parent);
      const folder = join(parent, `${PREFIX}${pid}`);
      try {
        mkdirSync(folder);
      } catch {
        continue;
      }
      const isSet = setLimit(folder, limitBytes) && writeExisting(join(folder, 'cgroup.procs'), String(pid));
      if (isSet) return new MemoryGroup(folder, limitBytes);
      removeFolder(folder);
    }
    return undefined;
  }

  /** Removes the group. The kernel lets go of it a moment after its last process is gone. */
  async remove(): Promise<void> {
    for (let tries = 0; !removeFolder(this.#folder) && tries < REMOVAL_TRIES; tries++) {
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_PAUSE_MS));
    }
  }
}

function setLimit(folder: string, bytes: number): boolean {
  for (const { limit, also } of versions) {
    if (!writeExisting(join(folder, limit), String(bytes))) continue;
    for (const [file, value] of Object.entries(also)) writeExisting(join(folder, file), value);
    return true;
  }
  return false;
}

/** Control files exist from the start: writing must not make one in a folder that is no control group. */
function writeExisting(file: string, value: string): boolean {
  try {
    writeFileSync(file, value, { flag: 'r+' });
    return true;
  } catch {
    return false;
  }
}

/** Groups whose process is gone: a hypervisor that was killed could not remove them. */
function removeAbandoned(parent: string): void {
  const names = existsSync(parent) ? readdirSync(parent) : [];
  for (const name of names) {
    const pid = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`)) removeFolder(join(parent, name));
  }
}

/** @returns true when the folder is gone */
function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EBUSY';
  }
}

/** The hypervisor's own groups that can limit memory, and what they are in (a group with processes may not divide). */
function candidateFolders(): string[] {
  try {
    const groups = readFileSync('/proc/self/cgroup', 'utf8');
    return memoryGroupFolders(groups, readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/**
 * @param groups /proc/self/cgroup: `id:controllers:path` lines
 * @param mounts /proc/self/mountinfo: id parent device root mount-point options … - type source super-options
 */
export function memoryGroupFolders(groups: string, mounts: string): string[] {
  const folders: string[] = [];
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, mountPoint] = before.split(' ');
    const [type, , options = ''] = after.split(' ');
    const isMemory = type === 'cgroup2' || (type === 'cgroup' && options.split(',').includes('memory'));
    if (!isMemory || root === undefined || mountPoint === undefined) continue;
    const own = groups.split('\n').find((group) => group.includes(type === 'cgroup2' ? '0::' : ':memory:'));
    const path = own?.slice(own.indexOf(':', own.indexOf(':') + 1) + 1);
    if (path === undefined || !path.startsWith(root) || path.includes('..')) continue;
    const folder = join(mountPoint, path.slice(root === '/' ? 0 : root.length));
    folders.push(folder);
    if (folder !== mountPoint) folders.push(dirname(folder));
  }
  return folders;
}
