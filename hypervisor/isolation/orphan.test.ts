// No guest outlives its hypervisor, whatever the guest is doing. Needs `npm run build`.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const testing = join(dirname(fileURLToPath(import.meta.url)), 'testing');
const program = join(testing, 'abandoned-hypervisor.ts');
const PROCESS_GONE_TRIES = 100;
const TRY_MS = 10;

let hypervisor: ChildProcess | undefined;
afterEach(() => hypervisor?.kill('SIGKILL'));

/** A zombie is no more: how soon its new parent notices is not ours to test. */
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function isGoneWithinASecond(pid: number): Promise<boolean> {
  for (let tries = 0; isAlive(pid) && tries < PROCESS_GONE_TRIES; tries++) {
    await new Promise((resolve) => setTimeout(resolve, TRY_MS));
  }
  return !isAlive(pid);
}

describe.each([
  ['process', 'running'],
  ['jail', 'running'],
  ['jail', 'frozen'],
] as const)('at isolation level %s a %s guest', (isolation, state) => {
  it('ends when its hypervisor is killed', async () => {
    hypervisor = spawn(process.execPath, ['--no-warnings', program, isolation], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: hypervisor.stdout as NodeJS.ReadableStream });
    const { value } = await lines[Symbol.asyncIterator]().next();
    const pids = JSON.parse(value as string) as { partition: number; root: number };
    expect(isAlive(pids.partition) && isAlive(pids.root)).toBe(true);
    // A process that is stopped sees no end of its sockets: only the kernel can end it.
    if (state === 'frozen') process.kill(pids.partition, 'SIGSTOP');
    hypervisor.kill('SIGKILL');
    expect(await isGoneWithinASecond(pids.partition)).toBe(true);
    expect(await isGoneWithinASecond(pids.root)).toBe(true);
  });
});

describe.each(['thread', 'process', 'jail'])('at isolation level %s a guest that sleeps', (isolation) => {
  it('does not keep a hypervisor that fails from its end', async () => {
    const failing = join(testing, 'failing-hypervisor.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', failing, isolation], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(stderr).toContain('the program has failed');
    expect(status).toBe(1);
    const pids = JSON.parse(stdout) as { partition: number; root: number };
    expect(await isGoneWithinASecond(pids.partition)).toBe(true);
    expect(await isGoneWithinASecond(pids.root)).toBe(true);
  }, 30_000);
});
