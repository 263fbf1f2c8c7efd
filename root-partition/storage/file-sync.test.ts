import { describe, expect, it } from 'vitest';
import {
  STORAGE_STATUS_IO_ERROR,
  STORAGE_STATUS_NO_SPACE,
  STORAGE_STATUS_OK,
} from '../../hypervisor/abi/channels/storage.ts';
import { FileSync } from './file-sync.ts';

/** A FileSync whose syncs end when the test says so. */
function controlled(): { sync: FileSync; finish: (code?: string) => void; started: () => number } {
  const running: ((error: NodeJS.ErrnoException | null) => void)[] = [];
  let started = 0;
  const sync = new FileSync(7, (fd, done) => {
    expect(fd).toBe(7);
    started++;
    running.push(done);
    expect(running.length).toBe(1);
  });
  const finish = (code?: string): void => {
    running.shift()?.(code === undefined ? null : Object.assign(new Error(code), { code }));
  };
  return { sync, finish, started: () => started };
}

describe('file sync', () => {
  it('starts one for all requests that came while another was under way, and never shares that one', () => {
    const { sync, finish, started } = controlled();
    const done: number[] = [];
    sync.request(() => done.push(0));
    for (let request = 1; request <= 50; request++) sync.request(() => done.push(request));
    expect(started()).toBe(1);
    finish();
    expect(done).toEqual([0]);
    expect(started()).toBe(2);
    sync.request(() => done.push(51));
    finish();
    expect(done).toEqual(Array.from({ length: 51 }, (_, request) => request));
    finish();
    expect(done.at(-1)).toBe(51);
    expect(started()).toBe(3);
  });

  it('carries out a request that a callback makes', () => {
    const { sync, finish, started } = controlled();
    const statuses: number[] = [];
    sync.request(() => sync.request((status) => statuses.push(status)));
    finish();
    expect(started()).toBe(2);
    finish();
    expect(statuses).toEqual([STORAGE_STATUS_OK]);
  });

  it.each([
    ['EIO', STORAGE_STATUS_IO_ERROR],
    ['ENOSPC', STORAGE_STATUS_NO_SPACE],
  ])('never says OK again after %s', (code, expected) => {
    const { sync, finish } = controlled();
    const statuses: number[] = [];
    sync.request((status) => statuses.push(status));
    finish(code);
    sync.request((status) => statuses.push(status));
    finish();
    expect(statuses).toEqual([expected, expected]);
  });
});
