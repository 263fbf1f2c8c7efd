// What may be a disk, and that looking at it takes no time.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** In a process of its own: what waits for ever would take the test with it. */
function open(path: string, access: string): string {
  const module = new URL('./files.ts', import.meta.url).href;
  const script = `import { openForPartition } from '${module}';
    try { openForPartition(process.argv[1], process.argv[2]); console.log('opened'); }
    catch (error) { console.log(error.message); }`;
  const parameters = ['--no-warnings', '--input-type=module', '-e', script, path, access];
  const { stdout, signal } = spawnSync(process.execPath, parameters, { encoding: 'utf8', timeout: 20_000 });
  return signal ?? stdout.trim();
}

describe('a file for a partition', () => {
  it('is opened when it is a file', () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'x');
    expect(open(path, 'read')).toBe('opened');
  });

  it.each(['read', 'write'])('is refused at once when it is a pipe to %s', (access) => {
    const path = join(folder, access);
    execFileSync('mkfifo', [path]);
    expect(open(path, access)).toContain('is neither a regular file nor a block device');
  });

  it('is refused when it is a folder or a device of characters', () => {
    expect(open('/dev/zero', 'read')).toContain('is neither a regular file nor a block device');
    expect(open(folder, 'read')).toContain('is neither a regular file nor a block device');
  });
});
