// What a VP worker is given and what it answers. Structured-clone data only.
import type { PrivilegeMask } from '../partition/privilege-mask.ts';
import type { ProfileEntry } from '../platform/sampling-profiler.ts';

export interface VpTask {
  partitionId: number;
  vpIndex: number;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  controlBlock: SharedArrayBuffer;
  /** The partition's connected socket to the root partition, non-blocking. */
  socketFd: number;
  /** An eventfd that the main thread writes to when the VP is to look at its requests. */
  doorbellFd: number;
  privileges: PrivilegeMask;
  /** At most HV_BOOT_ARGUMENTS_BYTES. */
  bootArguments: Uint8Array;
  /** sharedNowMs() at the partition's creation. */
  epochMs: number;
  granularityTicks: number;
  hypercallsPerSecond: number;
  /** Whether the guest may add code to its table. */
  mayPublishCode: boolean;
  /** Whether the code that it adds is kept for whoever looks into it (isolation/inspection.ts). */
  keepsCode: boolean;
}

/** How the VP's run ended; the partition's exit reason and code stand in the control block. */
export type VpOutcome = VpEnd & {
  samples?: ProfileEntry[];
  publishedCode?: ReadonlyMap<number, Uint8Array>;
};

type VpEnd =
  | { kind: 'halted' }
  | { kind: 'stopped' }
  /** The root partition is gone, or sends what is no frames. */
  | { kind: 'disconnected'; message: string }
  /** The guest trapped (out of bounds, unreachable, stack overflow) or did not instantiate. */
  | { kind: 'trapped'; message: string };
