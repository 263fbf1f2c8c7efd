// Isolation level `thread`: the partition's VP is a worker thread of the hypervisor's process. The Wasm sandbox is the
// only wall; an engine escape owns the hypervisor. For guests that are trusted, and to measure what the rest costs.
import type { Inspection } from './inspection.ts';
import type { ContainerExit, ContainerOptions, PartitionContainer } from './partition-container.ts';
import { type PartitionCounters, PartitionHost, type RefusalReport } from './partition-host.ts';
import { programFile } from './program-files.ts';

export class ThreadContainer implements PartitionContainer {
  readonly level = 'thread';
  readonly walls = ['WebAssembly sandbox: own linear memory, imports from hv only'];
  readonly pid = process.pid;
  readonly exited: Promise<ContainerExit>;
  onRefusedCode: ((report: RefusalReport) => void) | undefined;
  onThrottled: ((counters: PartitionCounters) => void) | undefined;
  readonly #host: PartitionHost;
  readonly #exit = Promise.withResolvers<ContainerExit>();
  #closing: Promise<void> | undefined;

  constructor(options: ContainerOptions) {
    this.#host = new PartitionHost(options.configuration, programFile('vp-worker'), options.rootSocketFd);
    this.#host.onRefusedCode = (report) => this.onRefusedCode?.(report);
    this.#host.onThrottled = (counters) => this.onThrottled?.(counters);
    this.exited = this.#exit.promise;
  }

  prepare(): Promise<void> {
    return this.#host.warmUp();
  }

  run(module: Uint8Array): void {
    this.#host.run(module).then(
      (exit) => this.#exit.resolve(exit),
      (error: Error) => this.#exit.resolve({ kind: 'refused', message: error.message }),
    );
  }

  pause(timeoutMs: number): Promise<boolean> {
    return this.#host.pause(timeoutMs);
  }

  resume(): void {
    this.#host.resume();
  }

  stop(): void {
    this.#host.stop();
  }

  counters(): Promise<PartitionCounters> {
    return Promise.resolve(this.#host.counters());
  }

  get inspection(): Inspection {
    return this.#host;
  }

  kill(): Promise<void> {
    this.#exit.resolve({ kind: 'killed', message: 'the partition was killed' });
    this.#closing ??= this.#host.close();
    return this.#closing;
  }
}
