// Keeps partitions to their shares of the processors: looks at what their processes used and waited for, decides
// (hypervisor/scheduler/fair-share.ts), and stops and continues processes. Nothing inside of a partition takes part in
// it, and it takes no rights that the hypervisor does not have anyway. Where nobody waits it looks rarely; where there
// is one partition without a cap, not at all.
import { availableParallelism } from 'node:os';
import { type CpuSample, type CpuShare, FairShare, type ShareAccount } from '../scheduler/fair-share.ts';
import { ProcessorTime } from './processor-time.ts';

const BUSY_TICK_MS = 10;
const QUIET_TICK_MS = 100;

/** A process that can be stopped and continued. */
export interface Governed {
  readonly pid: number;
  hold(): void;
  release(): void;
}

interface Member {
  process: Governed;
  account: ShareAccount;
  time: ProcessorTime;
}

export class Governor {
  readonly #shares: FairShare;
  readonly #members = new Set<Member>();
  #timer: NodeJS.Timeout | undefined;
  #lastMs = performance.now();

  constructor(processors = availableParallelism()) {
    this.#shares = new FairShare(processors);
  }

  /** @returns the function that ends it, and lets the process run */
  govern(process: Governed, share: CpuShare): () => void {
    const time = new ProcessorTime(process.pid);
    const member = { process, account: this.#shares.add(share, time.sample()), time };
    this.#members.add(member);
    this.#schedule();
    return () => this.#leave(member);
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    this.#shares.remove(member.account);
    member.time.close();
    member.process.release();
  }

  #schedule(): void {
    const members = [...this.#members];
    const isNeeded = members.length > 1 || members.some(({ account }) => account.share.cap !== undefined);
    if (this.#timer !== undefined || !isNeeded) return;
    const tickMs = this.#shares.isContended ? BUSY_TICK_MS : QUIET_TICK_MS;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tick();
      this.#schedule();
    }, tickMs).unref();
  }

  #tick(): void {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const samples = new Map<ShareAccount, CpuSample>();
    for (const member of this.#members) {
      const sample = member.time.sample();
      if (sample !== undefined) samples.set(member.account, sample);
    }
    const held = this.#shares.decide(samples, elapsedMs);
    for (const { account, process } of this.#members) {
      if (held.has(account)) process.hold();
      else process.release();
    }
  }
}
