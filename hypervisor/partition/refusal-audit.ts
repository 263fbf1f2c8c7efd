// What a partition process says of refused code, turned into audit events: bounded in number, in words and in letters,
// whatever the process says. One audit follows one run of a guest, from its first counter on.
import type { PartitionCounters, RefusalReport } from '../isolation/partition-host.ts';
import { printable } from '../printable.ts';

/** Code that a guest must not run, and wanted to. */
export interface CodeRefusedEvent {
  event: 'code-refused';
  /** Publications that were refused since the last such event of this run. */
  refused: number;
  /** Of them, by the check of the module and by the engine; the others could not be made in the first place. */
  refusedByCheck: number;
  refusedByEngine: number;
  /** The first one's reason, in printable ASCII. */
  reason: string;
}

/** Half of the pace that the partition process keeps (refused-code.ts), lest a late report be lost for a while. */
export const MIN_INTERVAL_MS = 500;
const MAX_REASON = 160;

const refusalCounters = ['codeRefused', 'codeRefusedByCheck', 'codeRefusedByEngine'] as const;
type Refused = Record<(typeof refusalCounters)[number], number>;

export class RefusalAudit {
  readonly #emit: (event: CodeRefusedEvent) => void;
  readonly #now: () => number;
  #seen: Refused = { codeRefused: 0, codeRefusedByCheck: 0, codeRefusedByEngine: 0 };
  #lastMs = Number.NEGATIVE_INFINITY;
  #reason = '';

  constructor(emit: (event: CodeRefusedEvent) => void, now: () => number = () => performance.now()) {
    this.#emit = emit;
    this.#now = now;
  }

  /** A report that comes too soon after the last event adds to the next one. */
  take({ counters, reason }: RefusalReport): void {
    this.#reason ||= reason;
    const nowMs = this.#now();
    if (nowMs - this.#lastMs < MIN_INTERVAL_MS) return;
    if (this.#emitNew(counters)) this.#lastMs = nowMs;
  }

  /** The run is over: what has not been told yet. */
  finish(counters: PartitionCounters): void {
    this.#emitNew(counters);
  }

  #emitNew(counters: PartitionCounters): boolean {
    const [refused, refusedByCheck, refusedByEngine] = refusalCounters.map(
      (name) => (counters[name] - this.#seen[name]) >>> 0,
    ) as [number, number, number];
    if (refused === 0) return false;
    this.#seen = counters;
    const reason = printable(this.#reason, MAX_REASON);
    this.#reason = '';
    this.#emit({ event: 'code-refused', refused, refusedByCheck, refusedByEngine, reason });
    return true;
  }
}
