// A partition process gone bad: comes up exactly as partition-process.ts does (same launcher, same warm-up order, same
// tightening when told to), then runs the probes on its main thread and on a worker that was there before.
import { Socket } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { tighten } from '../tighten.ts';
import { type ProbeTargets, probes } from './probes.ts';

/** What the test sends, one JSON line. */
export interface ProbeOrder {
  isTightened: boolean;
  uid: number | null;
  targets: ProbeTargets;
}

/** Probe name → 'succeeded' or why not. */
export type ProbeResults = Record<string, string>;

export interface ProbeReport {
  walls: string[];
  main: ProbeResults;
  worker: ProbeResults;
}

const CONTROL_FD = 3;

async function runProbes(targets: ProbeTargets): Promise<ProbeResults> {
  const results: ProbeResults = {};
  for (const [name, probe] of Object.entries(probes)) {
    try {
      await probe(targets);
      results[name] = 'succeeded';
    } catch (error) {
      results[name] = String((error as NodeJS.ErrnoException).code ?? (error as Error).message);
    }
  }
  return results;
}

async function obey(order: ProbeOrder, worker: Worker, control: Socket): Promise<void> {
  const walls = order.isTightened ? tighten({ uid: order.uid ?? undefined }) : [];
  const main = await runProbes(order.targets);
  const fromWorker = new Promise<ProbeResults>((resolve) => worker.once('message', resolve));
  worker.postMessage(order.targets);
  const report: ProbeReport = { walls, main, worker: await fromWorker };
  control.end(`${JSON.stringify(report)}\n`, () => process.exit(0));
}

if (isMainThread) {
  const control = new Socket({ fd: CONTROL_FD, readable: true, writable: true });
  const worker = new Worker(new URL(import.meta.url));
  await new Promise((resolve) => worker.once('message', resolve));
  let text = '';
  control.on('data', (piece: Buffer) => {
    text += piece;
    if (text.endsWith('\n')) void obey(JSON.parse(text) as ProbeOrder, worker, control);
  });
} else {
  parentPort?.on('message', async (targets: ProbeTargets) =>
    parentPort?.postMessage(await runProbes(targets)),
  );
  parentPort?.postMessage('ready');
}
