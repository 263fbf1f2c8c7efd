// Shares of processors for real: processes that want all they can get, measured by the kernel's account of each (not by
// wall time, so that others may use the machine too). Needs `npm run build`.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as waitFor } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type CpuOptions, Hypervisor, type Partition } from '../index.ts';
import { Governor } from './governor.ts';
import { canMeasureProcessors, processCpuMs } from './processor-time.ts';
import { endlessLoop, guestModule } from './testing/guest-module.ts';

const LOOK_MS = 20;
/** By then whoever was behind at the start has caught up. */
const WARM_UP_MS = 1000;
const processors = availableParallelism();
const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** User and system time in /proc/PID/stat, all threads: another measure than the governor's own. */
function usedMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** What part of `totalMs` of processor time each gets, once all of them are under way. */
async function sharesOf(pids: readonly number[], totalMs: number): Promise<number[]> {
  while (pids.some((pid) => usedMs(pid) < WARM_UP_MS)) await waitFor(LOOK_MS);
  const before = pids.map(usedMs);
  const used = (): number[] => pids.map((pid, index) => usedMs(pid) - (before[index] as number));
  while (sum(used()) < totalMs) await waitFor(LOOK_MS);
  const each = used();
  return each.map((ms) => ms / sum(each));
}

/** A process that keeps `threads` threads busy. */
function spin(threads: number): number {
  const script = `
    const { Worker } = require('node:worker_threads');
    for (let i = 1; i < ${threads}; i++) new Worker('for (;;);', { eval: true });
    for (;;);`;
  const child: ChildProcess = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
  ended.push(async () => {
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('exit', resolve));
  });
  return child.pid as number;
}

const governed = (pid: number) => ({
  pid,
  hold: () => void process.kill(pid, 'SIGSTOP'),
  release: () => void process.kill(pid, 'SIGCONT'),
});

/** A machine with much else to do gives them little. */
describe('the governor', { timeout: 170_000 }, () => {
  it('has something to go by', () => {
    expect(canMeasureProcessors()).toBe(true);
    const before = processCpuMs(process.pid) as number;
    const counted = process.cpuUsage();
    const differenceMs = (counted.user + counted.system) / 1000 - before;
    expect(Math.abs(differenceMs)).toBeLessThan(100);
    expect(processCpuMs(2 ** 22 + 1)).toBeUndefined();
  });

  it('holds nobody for the sake of those that may run on other processors only', async () => {
    const governor = new Governor(2);
    const share = { weight: 100, cap: undefined, reserve: 0 };
    const held = [0, 0, 0];
    const pids = held.map((_, index) => {
      const pid = spin(1);
      const process = governed(pid);
      const hold = (): void => {
        (held[index] as number)++;
        process.hold();
      };
      ended.push(governor.govern({ ...process, hold }, share, [index >> 1]));
      return pid;
    });
    while (pids.some((pid) => usedMs(pid) < WARM_UP_MS)) await waitFor(LOOK_MS);
    const [first = 0, second = 0, alone] = held;
    expect(first + second).toBeGreaterThan(0);
    expect(alone).toBe(0);
  });

  it('gives a process of one thread as much as one of eight', async () => {
    const governor = new Governor();
    const pids = [spin(8), spin(1)];
    const share = { weight: 100, cap: undefined, reserve: 0 };
    for (const pid of pids) ended.push(governor.govern(governed(pid), share));
    // On more processors than eight threads can use, neither takes anything from the other.
    const [, victim = 0] = await sharesOf(pids, 4000);
    if (processors <= 2) expect(victim).toBeGreaterThan(0.5 * 0.95);
    else expect(victim).toBeGreaterThan(0.95 / 9);
  });
});

describe('partitions', { timeout: 170_000 }, () => {
  let hypervisor: Hypervisor;

  async function start(cpus: readonly CpuOptions[]): Promise<Partition[]> {
    hypervisor = await Hypervisor.start();
    ended.push(() => hypervisor.close());
    const module = guestModule({ body: endlessLoop });
    const partitions = await Promise.all(
      cpus.map((cpu) =>
        hypervisor.createPartition({ guest: { kind: 'unikernel', module }, memoryMib: 1, cpu }),
      ),
    );
    for (const partition of partitions) partition.start();
    return partitions;
  }

  it('get what their weight says while more hogs run than there are processors', async () => {
    const hogs: CpuOptions[] = Array(processors + 1).fill({ weight: 100 });
    const [victim = 0, ...others] = await sharesOf(
      (await start([{ weight: 200 }, ...hogs])).map(({ pid }) => pid),
      1200 * (processors + 2),
    );
    const expected = Math.min(1 / processors, 200 / (200 + 100 * hogs.length));
    expect(Math.abs(victim / expected - 1), `${victim}, should be ${expected}`).toBeLessThan(0.05);
    for (const share of others)
      expect(Math.abs((share * hogs.length) / (1 - expected) - 1)).toBeLessThan(0.1);
  });

  it('do not go over their cap, and come to a pause and to an end under it', async () => {
    const [partition] = (await start([{ cap: 5 }])) as [Partition];
    const usedBefore = usedMs(partition.pid);
    const startMs = performance.now();
    while (performance.now() - startMs < 3000) await waitFor(LOOK_MS);
    const used = usedMs(partition.pid) - usedBefore;
    expect(used).toBeLessThan(0.05 * (performance.now() - startMs) + 150);
    await partition.pause();
    expect(partition.state).toBe('paused');
    // A signal takes a moment to reach all threads, and the kernel's ticks to be counted.
    await waitFor(LOOK_MS);
    const usedPaused = usedMs(partition.pid);
    for (let look = 0; look < 10; look++) await waitFor(LOOK_MS);
    expect(usedMs(partition.pid)).toBe(usedPaused);
    partition.resume();
    expect((await partition.stop()).kind).toBe('killed');
  });

  it('are refused shares that cannot be kept', async () => {
    hypervisor = await Hypervisor.start();
    ended.push(() => hypervisor.close());
    const create = (cpu: CpuOptions, isolation?: 'thread'): Promise<Partition> =>
      hypervisor.createPartition({
        guest: { kind: 'unikernel', module: guestModule() },
        cpu,
        ...(isolation === undefined ? {} : { isolation }),
      });
    for (const cpu of [
      { weight: 0 },
      { weight: 1.5 },
      { cap: 0 },
      { reserve: 101 },
      { cap: 20, reserve: 30 },
    ]) {
      await expect(create(cpu)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    await expect(create({ weight: 5 }, 'thread')).rejects.toMatchObject({ code: 'ISOLATION_UNAVAILABLE' });
    const first = await Promise.all(Array.from({ length: processors }, () => create({ reserve: 100 })));
    await expect(create({ reserve: 1 })).rejects.toMatchObject({ code: 'PARTITION_REFUSED' });
    await first[0]?.dispose();
    await (await create({ reserve: 1 })).dispose();
  });
});
