// What the rows cannot cost less than: a Wasm function that calls a JavaScript function which does nothing; bytes to
// another process and back; a bare engine process or worker; the compute kernel called from JavaScript.
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { closeDescriptor } from '../../hypervisor/isolation/descriptors.ts';
import { rootEngineFlags } from '../../hypervisor/isolation/engine-flags.ts';
import { FreeLauncher, type LaunchedProcess } from '../../hypervisor/isolation/launcher.ts';
import { socketPair } from '../../hypervisor/isolation/socket-pair.ts';
import type { RoundTripOrder } from './bare-client.ts';

/** (module (import "f" "f" (func (param i32 × 6) (result i32))) (func (export "run") (param i32) …)): calls f n times */
const loopModule = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 15, 2, 0x60, 6, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 0],
  ...[2, 7, 1, 1, 0x66, 1, 0x66, 0, 0],
  ...[3, 2, 1, 1],
  ...[7, 7, 1, 3, 0x72, 0x75, 0x6e, 0, 1],
  ...[10, 34, 1, 32, 0, 0x03, 0x40, 0x41, 8, 0x41, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0x10, 0, 0x1a],
  ...[0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x41, 0, 0x47, 0x0d, 0, 0x0b, 0x0b],
]);

/** A function that makes `n` bare import calls and returns how many arrived. */
export function bareImportLoop(): (n: number) => number {
  let calls = 0;
  const f = (): number => {
    calls++;
    return 0;
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(loopModule), { f: { f } });
  return (n) => {
    calls = 0;
    (exports['run'] as (n: number) => void)(n);
    return calls;
  };
}

const local = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A process and a thread of ours with a socket between them, doing what a partition and the root partition do. */
export class BarePair implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #process: LaunchedProcess;
  readonly #fd: number;

  private constructor(worker: Worker, launched: LaunchedProcess, fd: number) {
    this.#worker = worker;
    this.#process = launched;
    this.#fd = fd;
  }

  /** @param file what the process reads from when it is asked to */
  static async start(file: string): Promise<BarePair> {
    const [own, theirs] = socketPair();
    const volume = openSync(file, 'r');
    const launched = await new FreeLauncher().launch({
      program: local('bare-peer.mjs'),
      arguments: [],
      engineFlags: rootEngineFlags(),
      fds: [theirs, volume],
    });
    closeDescriptor(theirs);
    closeDescriptor(volume);
    return new BarePair(new Worker(local('bare-client.ts'), { workerData: { fd: own } }), launched, own);
  }

  /** Round trips, one after another; milliseconds of all of them. @throws when an answer was not what it should be */
  async run(order: RoundTripOrder): Promise<number> {
    this.#worker.postMessage(order);
    const [answer] = (await once(this.#worker, 'message')) as [{ good: number; milliseconds: number }];
    if (answer.good !== order.count)
      throw new Error(`${order.count - answer.good} of ${order.count} bare round trips went wrong`);
    return answer.milliseconds;
  }

  /** Of the other process. */
  get peerPid(): number {
    return this.#process.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
    await this.#worker.terminate();
    closeDescriptor(this.#fd);
  }
}

/** The bench guest's module in a worker, called from JavaScript: no partition, no dispatcher. */
export class BareModule implements AsyncDisposable {
  readonly #worker: Worker;

  constructor(file: string) {
    const bytes = readFileSync(file);
    this.#worker = new Worker(local('bare-compute.ts'), { workerData: { bytes } });
  }

  async compute(rounds: number): Promise<{ checksum: number; milliseconds: number }> {
    this.#worker.postMessage(rounds);
    const [answer] = (await once(this.#worker, 'message')) as [{ checksum: number; milliseconds: number }];
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
