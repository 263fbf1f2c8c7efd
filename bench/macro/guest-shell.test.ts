// Machines that are processes, with the host's own shell in the place of a guest's.
import { describe, expect, it } from 'vitest';
import { Interrupted } from '../interruption.ts';
import { startProcess } from './guest-shell.ts';

const shell = (script: string, signal?: AbortSignal) =>
  startProcess('/bin/sh', ['-c', script], /ready/, signal);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a process with a shell', () => {
  it('runs commands, tells the failed ones, and is gone when it is let go', async () => {
    const guest = await shell('echo ready; exec sh');
    expect((await guest.run('echo $((6*7))')).output).toBe('42\n');
    await expect(guest.run('false')).rejects.toThrow('"false" ended with 1');
    expect((await guest.run('echo one; echo two')).output).toBe('one\ntwo\n');
    expect(isAlive(guest.pid)).toBe(true);
    await guest[Symbol.asyncDispose]();
    expect(isAlive(guest.pid)).toBe(false);
  });

  it('that ends early, or cannot be started, is no reason to wait', async () => {
    await expect(shell('echo boo; exit 3')).rejects.toThrow(/ended with status 3; .*boo/);
    await expect(startProcess('/no/such/program', [], /ready/)).rejects.toThrow(/cannot be started/);
    const guest = await shell('echo ready; read line; exit 4');
    await expect(guest.run('echo')).rejects.toThrow('ended with status 4');
  });

  it('is ended with what waits for it', async () => {
    const abort = new AbortController();
    const starting = shell('exec sleep 1000', abort.signal);
    abort.abort(new Interrupted('SIGTERM'));
    await expect(starting).rejects.toMatchObject({ exitStatus: 143 });
  });
});
