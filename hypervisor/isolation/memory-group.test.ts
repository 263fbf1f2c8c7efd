// The memory control group: found in the kernel's tables, limiting for real where one can be made, else absent.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryGroup, memoryGroupFolders } from './memory-group.ts';

const MIB = 2 ** 20;
const LIMIT = 300 * MIB;
/** Touches 900 MiB, then says so. */
const HOG =
  'const kept=[];process.stdin.once("data",()=>{for(let i=0;i<90;i++)kept.push(Buffer.alloc(10*2**20,1));console.log("done")})';

describe('the folders that may hold a memory group', () => {
  it('are the own group and its parent, below the mount of version 1 or 2', () => {
    const groups = '4:memory:/jobs/a\n3:cpu:/\n0::/user.slice/run-1.scope\n';
    const mounts =
      '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n' +
      '36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n' +
      '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n' +
      '50 1 8:1 / / rw - ext4 /dev/sda1 rw\n';
    expect(memoryGroupFolders(groups, mounts)).toEqual([
      '/sys/fs/cgroup/memory/jobs/a',
      '/sys/fs/cgroup/memory/jobs',
      '/sys/fs/cgroup/unified/user.slice/run-1.scope',
      '/sys/fs/cgroup/unified/user.slice',
    ]);
  });

  it('are looked for below a mount of a part of the tree, and never outside of it', () => {
    const mount = '35 31 0:32 /jobs /sys/fs/cgroup rw - cgroup2 cgroup rw\n';
    expect(memoryGroupFolders('0::/jobs/a', mount)).toEqual(['/sys/fs/cgroup/a', '/sys/fs/cgroup']);
    expect(memoryGroupFolders('0::/jobs', mount)).toEqual(['/sys/fs/cgroup']);
    expect(memoryGroupFolders('0::/../b', mount)).toEqual([]);
    expect(memoryGroupFolders('0::/other', mount)).toEqual([]);
    expect(memoryGroupFolders('garbage', 'more garbage\n\n - cgroup2')).toEqual([]);
  });
});

describe('a memory group', () => {
  let folder: string | undefined;
  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  });

  it('is not made in folders that are no control groups, and leaves nothing there', () => {
    folder = mkdtempSync(join(tmpdir(), 'cofferdam-group-'));
    expect(MemoryGroup.around(7, LIMIT, [join(folder, 'missing'), folder])).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('clears away groups whose process is gone', () => {
    folder = mkdtempSync(join(tmpdir(), 'cofferdam-group-'));
    const names = ['cofferdam-99999999', `cofferdam-${process.pid}`, 'cofferdam-else', 'other'];
    for (const name of names) mkdirSync(join(folder, name));
    MemoryGroup.around(7, LIMIT, [folder]);
    expect(readdirSync(folder).sort()).toEqual(names.slice(1).sort());
  });

  it('leaves a group alone that is there already', () => {
    folder = mkdtempSync(join(tmpdir(), 'cofferdam-group-'));
    const group = join(folder, `cofferdam-${process.pid}`);
    mkdirSync(group);
    writeFileSync(join(group, 'memory.max'), 'max');
    expect(MemoryGroup.around(process.pid, LIMIT, [folder])).toBeUndefined();
    expect(readFileSync(join(group, 'memory.max'), 'utf8')).toBe('max');
  });

  /** Runs a process that takes 900 MiB, in a group when `isLimited`. */
  async function runHog(
    isLimited: boolean,
  ): Promise<{ pid: number; group: MemoryGroup | undefined; end: string }> {
    const child = spawn(process.execPath, ['-e', HOG], { stdio: ['pipe', 'pipe', 'inherit'] });
    const pid = child.pid as number;
    const group = isLimited ? MemoryGroup.around(pid, LIMIT) : undefined;
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stdin.end('go\n');
    const end = await new Promise<string>((resolve) =>
      child.on('close', (_code, signal) => resolve(`${said.trim()} ${signal}`)),
    );
    return { pid, group, end };
  }

  it('ends a process that takes too much, wherever the kernel lets a group be made', async () => {
    expect((await runHog(false)).end).toBe('done null');
    const { pid, group, end } = await runHog(true);
    expect({ isMade: group !== undefined, end }).toEqual(
      canDivide() ? { isMade: true, end: ' SIGKILL' } : { isMade: false, end: 'done null' },
    );
    await group?.remove();
    const left = candidates().flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
    expect(left).not.toContain(`cofferdam-${pid}`);
  });
});

const candidates = (): string[] =>
  memoryGroupFolders(readFileSync('/proc/self/cgroup', 'utf8'), readFileSync('/proc/self/mountinfo', 'utf8'));

/** The same question by other means: does a folder made in one of the candidates hold a limit. */
function canDivide(): boolean {
  return candidates().some((parent) => {
    const probe = join(parent, `probe-${process.pid}`);
    try {
      mkdirSync(probe);
    } catch {
      return false;
    }
    const files = readdirSync(probe);
    rmdirSync(probe);
    return files.includes('memory.max') || files.includes('memory.limit_in_bytes');
  });
}
