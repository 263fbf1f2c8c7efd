// The conformance suite of the isolation levels: the same expectations at thread, process and jail, with the sample
// unikernels, with compiled RISC-V code on each engine of the machine, and with guests that misbehave. Needs
// `npm run build`.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildElf } from '../../guests/riscv/oracle/elf.ts';
import { readKernels } from '../../guests/riscv/oracle/kernels/kernels.ts';
import {
  firstConnectionId,
  Hypervisor,
  installationTop,
  isolationLevels,
  type Partition,
  type PartitionOptions,
} from '../index.ts';
import {
  endlessLoop,
  endlessRecursion,
  growsMemory,
  guestModule,
  outOfBounds,
} from './testing/guest-module.ts';

const PEER_SINT = 3;
let hypervisor: Hypervisor;
let folder: string;

beforeAll(async () => {
  hypervisor = await Hypervisor.start();
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-conformance-'));
});
afterAll(async () => {
  await hypervisor?.close();
  rmSync(folder, { recursive: true, force: true });
});

const makeDisk = (name: string, bytes: number): string => {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, bytes);
  return path;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe.each(isolationLevels)('isolation level %s', (isolation) => {
  const create = (sample: string, options: Partial<PartitionOptions> = {}): Promise<Partition> => {
    const module = join(installationTop, 'build/guests', `${sample}.wasm`);
    return hypervisor.createPartition({ guest: { kind: 'unikernel', module }, isolation, ...options });
  };
  const createModule = (module: Uint8Array, options: Partial<PartitionOptions> = {}): Promise<Partition> =>
    hypervisor.createPartition({ guest: { kind: 'unikernel', module }, isolation, ...options });

  /** Runs a sample to its end and returns its console text. */
  const runSample = async (sample: string, options: Partial<PartitionOptions> = {}): Promise<string> => {
    await using partition = await create(sample, options);
    await using console = await partition.attachConsole();
    partition.start();
    expect(await partition.exited).toMatchObject({ kind: 'power-off', code: 0 });
    await partition.dispose();
    await console.closed;
    return console.text;
  };

  it('runs at the level that was asked for', async () => {
    await using partition = await create('hello');
    expect(partition.isolation).toBe(isolation);
    expect(partition.pid === process.pid).toBe(isolation === 'thread');
  });

  it('tells its counters to everybody who asks at the same time', async () => {
    await using partition = await create('hello');
    const answers = await Promise.all([1, 2, 3].map(() => partition.statistics()));
    expect(answers.map(({ counters }) => counters.hypercalls)).toEqual([0, 0, 0]);
  });

  it('runs hello', async () => {
    expect(await runSample('hello')).toContain('Hello from a partition');
  });

  it('runs clock', async () => {
    const before = Math.floor(Date.now() / 1000);
    const text = await runSample('clock');
    const told = Number(text.match(/It is (\d+) seconds/)?.[1]);
    expect(told).toBeGreaterThanOrEqual(before);
    expect(told).toBeLessThanOrEqual(Date.now() / 1000);
    expect(text).toContain('tick 5');
  });

  it('runs block-check on a disk', async () => {
    const path = makeDisk(`${isolation}-check.img`, 2 << 20);
    expect(await runSample('block-check', { disks: [{ path }] })).toContain('1048576 bytes written, flushed');
  });

  it('runs key-value, which remembers over a restart', async () => {
    const path = makeDisk(`${isolation}-store.img`, 1 << 20);
    const commands = { commands: 'none' };
    expect(await runSample('key-value', { disks: [{ path }], arguments: commands })).toContain('start 1');
    await using partition = await create('key-value', { disks: [{ path }] });
    await using console = await partition.attachConsole();
    partition.start();
    await console.waitFor('start 2');
    console.write('set colour deep blue\nget colour\nquit\n');
    await console.waitFor('deep blue\n');
    expect(await partition.exited).toMatchObject({ kind: 'power-off' });
  });

  it('runs ping-pong between two partitions', async () => {
    const peers = (role: string) => ({
      arguments: { role, rounds: '50', connection: String(firstConnectionId) },
    });
    await using ping = await create('ping-pong', peers('ping'));
    await using pong = await create('ping-pong', peers('pong'));
    await hypervisor.connectPorts(ping, pong, PEER_SINT, firstConnectionId);
    await hypervisor.connectPorts(pong, ping, PEER_SINT, firstConnectionId);
    // A message to a partition that does not listen yet is dropped: pong must be up first.
    await using console = await pong.attachConsole();
    pong.start();
    await console.waitFor('pong is ready');
    ping.start();
    expect(await ping.exited).toMatchObject({ kind: 'power-off' });
    expect(await pong.exited).toMatchObject({ kind: 'power-off' });
  });

  it('runs primes', async () => {
    expect(await runSample('primes')).toContain('664579 primes below 10000000');
  });

  it.each([
    ['interpreter', {}],
    ['translator', { heat: 1 }],
    ['translator', { heat: 3000, units: 2 }],
  ] as const)('runs compiled RISC-V code on the %s (%j)', async (engine, translator) => {
    const { program, symbols, checksums } = readKernels();
    const [elf, file] = [join(folder, 'kernels.elf'), join(folder, `${isolation}-signature`)];
    writeFileSync(elf, buildElf(program.image, symbols));
    const guest = {
      kind: 'bare-metal',
      elf,
      engine,
      translator,
      signature: { file, granularity: 8 },
    } as const;
    await using partition = await hypervisor.createPartition({ guest, isolation, memoryMib: 4 });
    partition.start();
    expect(await partition.exited).toMatchObject({ kind: 'power-off', code: 0 });
    await partition.dispose();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.map((line) => BigInt(`0x${line}`))).toEqual(checksums.map(([, checksum]) => checksum));
  });

  it('kills a guest that never comes back, within a second', async () => {
    await using partition = await createModule(guestModule({ body: endlessLoop }));
    const { pid } = partition;
    partition.start();
    const startMs = performance.now();
    expect(await partition.kill()).toMatchObject({ kind: 'killed' });
    expect(performance.now() - startMs).toBeLessThan(1000);
    if (isolation !== 'thread') expect(isAlive(pid)).toBe(false);
  });

  it('pauses and resumes', async () => {
    await using partition = await create('clock');
    partition.start();
    await partition.pause();
    expect(partition.state).toBe('paused');
    partition.resume();
    expect(await partition.exited).toMatchObject({ kind: 'power-off' });
  });

  it('pauses a guest that never comes back, or says that it cannot', async () => {
    await using partition = await createModule(guestModule({ body: endlessLoop }));
    partition.start();
    while ((await partition.statistics()).counters.runs === 0);
    if (isolation === 'thread') await expect(partition.pause()).rejects.toMatchObject({ code: 'TIMED_OUT' });
    else await partition.pause();
    expect(partition.state).toBe(isolation === 'thread' ? 'active' : 'paused');
    expect(await partition.kill()).toMatchObject({ kind: 'killed' });
  });

  it.each([
    ['reads beyond its memory', outOfBounds],
    ['recurses without end', endlessRecursion],
  ])('ends a guest that %s, and no other', async (_what, body) => {
    await using neighbour = await create('primes');
    await using partition = await createModule(guestModule({ body }));
    neighbour.start();
    partition.start();
    expect(await partition.exited).toMatchObject({ kind: 'trapped' });
    expect(await neighbour.exited).toMatchObject({ kind: 'power-off' });
  });

  it('does not let a guest grow its memory', async () => {
    await using partition = await createModule(guestModule({ body: growsMemory }));
    partition.start();
    // memory.grow gave -1, so run returns 1: halted.
    expect(await partition.exited).toMatchObject({ kind: 'power-off' });
  });

  it('refuses a module that wants more than hv', async () => {
    const module = guestModule({ imports: [{ module: 'env', name: 'system', rest: [0, 0] }] });
    await using partition = await createModule(module);
    partition.start();
    const exit = await partition.exited;
    expect(exit.kind).toBe('refused');
    expect(exit.message).toContain('env.system');
  });

  it('refuses random bytes and nothing at all', async () => {
    for (const module of [new Uint8Array(0), Uint8Array.from({ length: 4096 }, (_, i) => (i * 97) & 0xff)]) {
      await using partition = await createModule(module);
      partition.start();
      expect(await partition.exited).toMatchObject({ kind: 'refused' });
    }
  });

  it('answers everybody who asks for statistics at the same time', async () => {
    await using partition = await create('clock');
    partition.start();
    const answers = await Promise.all([1, 2, 3].map(() => partition.statistics()));
    expect(answers.map(({ counters }) => typeof counters.hypercalls)).toEqual(['number', 'number', 'number']);
    expect(await partition.exited).toMatchObject({ kind: 'power-off' });
  });

  it('refuses illegal life-cycle calls', async () => {
    await using partition = await create('hello');
    expect(() => partition.resume()).toThrow(expect.objectContaining({ code: 'PARTITION_STATE' }));
    await expect(partition.pause()).rejects.toMatchObject({ code: 'PARTITION_STATE' });
    partition.start();
    await partition.exited;
    expect(() => partition.start()).toThrow(expect.objectContaining({ code: 'PARTITION_STATE' }));
  });
});
