// The bench guest's compute kernel in a thread that is no VP: the module as it is, with no hypervisor behind its imports.
// Run by BareModule (floors.ts).
import { parentPort, workerData } from 'node:worker_threads';

const PAGES = 256;
const absent = (): never => {
  throw new Error('the compute kernel called the hypervisor');
};
const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(workerData.bytes), {
  env: { memory },
  hv: { hypercall: absent, referenceTime: absent, idle: absent },
});
const compute = exports['compute'] as (rounds: number) => number;

parentPort?.on('message', (rounds: number) => {
  const startMs = performance.now();
  const checksum = compute(rounds) >>> 0;
  parentPort?.postMessage({ checksum, milliseconds: performance.now() - startMs });
});
