// Partitions kept to processors, as the kernel tells. Needs `npm run build`.
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type CpuOptions, Hypervisor, type IsolationLevel } from '../index.ts';
import { allowedProcessors, onProcessors, processorSet, processorsIn } from './processors.ts';
import { endlessLoop, guestModule } from './testing/guest-module.ts';

const allowed = allowedProcessors() ?? [];
const last = allowed.at(-1) ?? 0;

const ended: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function create(isolation: IsolationLevel, cpu: CpuOptions) {
  const hypervisor = await Hypervisor.start();
  ended.push(() => hypervisor[Symbol.asyncDispose]());
  const guest = { kind: 'unikernel', module: guestModule({ body: endlessLoop }) } as const;
  return await hypervisor.createPartition({ guest, memoryMib: 2, isolation, cpu });
}

/** Cpus_allowed_list of each thread (proc_pid_status(5)). */
const listsOf = (pid: number | 'self'): string[] =>
  readdirSync(`/proc/${pid}/task`).map(
    (thread) =>
      /^Cpus_allowed_list:\s+(.+)$/m.exec(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'))?.[1] ??
      '',
  );

describe('processors of a partition', () => {
  it('are a set of bits', () => {
    expect(
      [...processorSet([0, 9, 1023])].map((byte, index) => byte && [index, byte]).filter(Boolean),
    ).toEqual([
      [0, 1],
      [1, 2],
      [127, 128],
    ]);
    expect(processorsIn(processorSet([5, 0, 64]))).toEqual([0, 5, 64]);
  });

  it.each(['process', 'jail'] as const)(
    'are the only ones of all its threads, at level %s',
    async (level) => {
      const before = listsOf('self');
      const partition = await create(level, { processors: [last] });
      partition.start();
      const lists = listsOf(partition.pid);
      expect(lists.length).toBeGreaterThan(2);
      expect(new Set(lists)).toEqual(new Set([String(last)]));
      // Nobody else is kept to them: not who started it, not who comes after it.
      expect(listsOf('self')).toEqual(expect.arrayContaining(before.slice(0, 1)));
      expect(new Set(listsOf('self'))).toEqual(new Set(before));
    },
  );

  it('are given back when nothing could be started', () => {
    const before = allowedProcessors();
    expect(() =>
      onProcessors([last], () => {
        expect(allowedProcessors()).toEqual([last]);
        throw new Error('nothing to start');
      }),
    ).toThrow('nothing to start');
    expect(allowedProcessors()).toEqual(before);
  });

  it.each([{ processors: [] }, { processors: [1023] }, { processors: [last, -1] }, { processors: [0.5] }])(
    'have to be some that the hypervisor may use: $processors',
    async (cpu) => {
      await expect(create('process', cpu)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );

  it('are not there where a partition has no process', async () => {
    await expect(create('thread', { processors: [last] })).rejects.toMatchObject({
      code: 'ISOLATION_UNAVAILABLE',
    });
  });

  it('hold the reserves of those that are kept to them', async () => {
    const hypervisor = await Hypervisor.start();
    ended.push(() => hypervisor[Symbol.asyncDispose]());
    const guest = { kind: 'unikernel', module: guestModule({ body: endlessLoop }) } as const;
    const options = {
      guest,
      memoryMib: 2,
      isolation: 'process',
      cpu: { reserve: 90, processors: [last] },
    } as const;
    await hypervisor.createPartition(options);
    await expect(hypervisor.createPartition(options)).rejects.toMatchObject({ code: 'PARTITION_REFUSED' });
    await hypervisor.createPartition({ ...options, cpu: { ...options.cpu, reserve: 10 } });
  });
});
