// What an idle unikernel partition keeps of the machine's memory: private memory of its process, or what the
// hypervisor's process grows by; beside an engine process, or a worker, that does nothing.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { IsolationLevel } from '../../hypervisor/index.ts';
import { FreeLauncher } from '../../hypervisor/isolation/launcher.ts';
import type { Bench, Family } from './bench.ts';
import { BenchGuest } from './bench-guest.ts';
import { processPrivateMib } from './process-memory.ts';
import type { Floor } from './row.ts';

const NAME = 'memory per idle partition';
/** The engine gives back and settles within this. */
const SETTLE_MS = 200;
/** Of workers so many are started for one sample: one alone drowns in what else the process does. */
const WORKERS = 4;
const idleProcess = "process.stderr.write('up'); setInterval(() => {}, 1e9);";
const idleWorker = "require('node:worker_threads').parentPort.on('message', () => {}).postMessage('up');";

export const memoryRows: Family = { group: 'memory', names: [NAME], measure };

/** What this process grows by for each of WORKERS things that `start` makes. */
async function growth(start: () => Promise<AsyncDisposable>): Promise<number> {
  await using owner = new AsyncDisposableStack();
  await delay(SETTLE_MS);
  const before = processPrivateMib(process.pid);
  for (let index = 0; index < WORKERS; index++) owner.use(await start());
  await delay(SETTLE_MS);
  return Math.max(0, (processPrivateMib(process.pid) - before) / WORKERS);
}

async function startIdleWorker(): Promise<AsyncDisposable> {
  const worker = new Worker(idleWorker, { eval: true });
  await once(worker, 'message');
  return worker;
}

const workerFloor: Floor = { name: 'bare idle worker', sample: () => growth(startIdleWorker) };

const processFloor: Floor = {
  name: 'bare idle engine process',
  sample: async () => {
    const launched = await new FreeLauncher().launch({
      program: '-e',
      arguments: [idleProcess],
      engineFlags: [],
      fds: [],
    });
    try {
      await delay(SETTLE_MS);
      return processPrivateMib(launched.pid);
    } finally {
      launched.kill();
      await launched.exited;
    }
  },
};

const start = async ({ hypervisor }: Bench, level: IsolationLevel): Promise<BenchGuest> =>
  (await BenchGuest.start(hypervisor, level)).ready();

async function partitionMib(bench: Bench, level: IsolationLevel): Promise<number> {
  if (level === 'thread') return growth(() => start(bench, level));
  await using guest = await start(bench, level);
  await delay(SETTLE_MS);
  return processPrivateMib(guest.partition.pid);
}

async function measure(bench: Bench): Promise<void> {
  const cases = bench.settings.levels.map((level) => ({
    level,
    floor: level === 'thread' ? workerFloor : processFloor,
    sample: () => partitionMib(bench, level),
  }));
  await bench.measure({ group: 'memory', name: NAME, unit: 'MiB', cases });
}
