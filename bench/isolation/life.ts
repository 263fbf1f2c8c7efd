// From createPartition to the guest's first output, and from kill to the end of a guest that loops for ever; beside an
// engine process, or a worker, that does as little as can be done.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { IsolationLevel } from '../../hypervisor/index.ts';
import { FreeLauncher, type LaunchedProcess } from '../../hypervisor/isolation/launcher.ts';
import type { Bench, Family } from './bench.ts';
import { BenchGuest, WrongResult } from './bench-guest.ts';
import type { Floor } from './row.ts';

const START = 'start to first output';
const KILL = 'kill';

export const lifeRows: Family = { group: 'start and kill', names: [START, KILL], measure };

/** Says that it runs, then loops for ever. */
const endlessProcess = "process.stderr.write('up'); for (;;);";
const endlessWorker = "require('node:worker_threads').parentPort.postMessage('up'); for (;;);";

async function startBareProcess(): Promise<LaunchedProcess> {
  const launched = await new FreeLauncher().launch({
    program: '-e',
    arguments: [endlessProcess],
    engineFlags: [],
    fds: [],
  });
  const up = Promise.withResolvers<void>();
  launched.noteStderr = () => up.resolve();
  await Promise.race([up.promise, launched.exited]);
  return launched;
}

async function startBareWorker(): Promise<Worker> {
  const worker = new Worker(endlessWorker, { eval: true });
  await once(worker, 'message');
  return worker;
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
};

/** What is started and killed: `start` leaves something that runs and that `kill` ends. */
interface Life {
  start: () => Promise<unknown>;
  /** Ends it; the time that only this took. */
  kill: () => Promise<number>;
}

function bareProcessLife(): Life {
  let running: LaunchedProcess | undefined;
  return {
    start: async () => {
      running = await startBareProcess();
    },
    kill: () =>
      timed(async () => {
        running?.kill();
        await running?.exited;
      }),
  };
}

function bareWorkerLife(): Life {
  let running: Worker | undefined;
  return {
    start: async () => {
      running = await startBareWorker();
    },
    kill: () => timed(async () => running?.terminate()),
  };
}

function partitionLife({ hypervisor }: Bench, level: IsolationLevel): Life {
  let running: BenchGuest | undefined;
  return {
    start: async () => {
      running = await BenchGuest.start(hypervisor, level);
    },
    kill: async () => {
      const guest = await (running as BenchGuest).ready();
      guest.begin('e');
      const took = await timed(async () => {
        const { kind } = await guest.partition.kill();
        if (kind !== 'killed') throw new WrongResult(`a killed guest ended with ${kind}`);
      });
      await guest[Symbol.asyncDispose]();
      return took;
    },
  };
}

const startSample = (life: Life) => async (): Promise<number> => {
  const took = await timed(life.start);
  await life.kill();
  return took;
};

const killSample = (life: Life) => async (): Promise<number> => {
  await life.start();
  return life.kill();
};

async function measure(bench: Bench): Promise<void> {
  const row = (name: string, sampleOf: (life: Life) => () => Promise<number>): Promise<void> => {
    const bareProcess: Floor = { name: 'bare engine process', sample: sampleOf(bareProcessLife()) };
    const bareWorker: Floor = { name: 'bare worker', sample: sampleOf(bareWorkerLife()) };
    const cases = bench.settings.levels.map((level) => ({
      level,
      floor: level === 'thread' ? bareWorker : bareProcess,
      sample: sampleOf(partitionLife(bench, level)),
    }));
    return bench.measure({ group: 'start and kill', name, unit: 'ms', cases });
  };
  await row(START, startSample);
  await row(KILL, killSample);
}
