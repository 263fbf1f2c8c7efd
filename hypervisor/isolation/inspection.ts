// Looking into a guest: what isolation level `thread` offers whoever made the partition, since the guest's memory and
// thread are in the looker's own process there. No other level has any of it: nothing in a partition process listens
// for such requests.
import type { ProfileEntry } from '../platform/sampling-profiler.ts';

export interface Inspection {
  /** Has the VP's thread sampled from its next budget on, or no longer. */
  sample(isOn: boolean): void;
  /** What was sampled, once the guest has ended. */
  readonly samples: readonly ProfileEntry[];
  /** Has the code kept that the guest publishes; to be asked before it starts. */
  keepCode(): void;
  /** Modules that the guest published, by table index, the last one of each; complete once the guest has ended. */
  readonly publishedCode: ReadonlyMap<number, Uint8Array>;
  /** The guest's memory itself, not a copy. */
  readonly memory: Uint8Array;
}
