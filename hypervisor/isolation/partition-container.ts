// Where a partition runs: the contract of the isolation levels. `thread`: a worker thread of the hypervisor's own
// process, for trusted guests. `process`: a process of its own. `jail`: such a process, confined by the kernel. The
// conformance suite (container.test.ts) holds all of them to the same behaviour.
import type { CpuShare } from '../scheduler/fair-share.ts';
import type { Governor } from './governor.ts';
import type { Inspection } from './inspection.ts';
import type { HostExit, PartitionConfiguration, PartitionCounters, RefusalReport } from './partition-host.ts';

export type IsolationLevel = 'thread' | 'process' | 'jail';
export const isolationLevels: readonly IsolationLevel[] = ['thread', 'process', 'jail'];

/** How a partition's run ended, as its creator sees it. */
export type ContainerExit =
  | HostExit
  /** The hypervisor or the kernel killed it, or its process died: `message` says what is known. */
  | { kind: 'killed'; message: string }
  /** The guest's module was not admitted. */
  | { kind: 'refused'; message: string };

export interface PartitionContainer {
  readonly level: IsolationLevel;
  /** What stands between this guest and everything else, one line each. Complete once `prepare` has resolved. */
  readonly walls: readonly string[];
  /** Operating-system process that the partition runs in; the hypervisor's own at level `thread`. */
  readonly pid: number;
  /** Resolves, once, when the partition's run is over for whatever reason. */
  readonly exited: Promise<ContainerExit>;
  /** Brings everything up to the point where guest bytes may be looked at. */
  prepare(): Promise<void>;
  /** Starts the guest. */
  run(module: Uint8Array): void;
  /** @returns false when the guest did not come to a pause in time; it goes on then */
  pause(timeoutMs: number): Promise<boolean>;
  resume(): void;
  /** Asks the guest's VP to stop at its next chance. */
  stop(): void;
  counters(): Promise<PartitionCounters>;
  /** Set by whoever wants to hear of code that was refused; above level `thread` not to be believed, nor its pace. */
  onRefusedCode: ((report: RefusalReport) => void) | undefined;
  /** The same for hypercalls that had to wait. */
  onThrottled: ((counters: PartitionCounters) => void) | undefined;
  /** At level `thread` only: what is confined cannot be looked into. */
  readonly inspection?: Inspection;
  /** Ends it within a second, whatever it is doing, and frees everything. Safe to call again. */
  kill(): Promise<void>;
}

/** What every level is made from. */
export interface ContainerOptions {
  configuration: PartitionConfiguration;
  /** The connected socket to the root partition process; the container owns it from now on. */
  rootSocketFd: number;
  /** Keeps it to its share of the processors; above level `thread` only. */
  governor: Governor;
  cpu: CpuShare;
  /** Those that it may run on; undefined: all. Above level `thread` only. */
  processors: readonly number[] | undefined;
}
