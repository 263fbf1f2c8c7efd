// Keeps partitions to their shares of the processors: looks at what their processes used and waited for, decides
// (hypervisor/scheduler/fair-share.ts), and stops and continues processes. Nothing inside of a partition takes part in
// it, and it takes no rights that the hypervisor does not have anyway. Where nobody waits it looks rarely; where there
// is one partition without a cap, not at all. Partitions that may run on different processors do not compete, so shares
// are kept among those that may run on the same ones.
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
  group: FairShare;
  account: ShareAccount;
  time: ProcessorTime;
}

export class Governor {
  readonly #processors: number;
  /** By the processors that partitions may run on. */
  readonly #groups = new Map<string, FairShare>();
  readonly #members = new Set<Member>();
  #timer: NodeJS.Timeout | undefined;
  #lastMs = performance.now();

  constructor(processors = availableParallelism()) {
    this.#processors = processors;
  }

  /**
   * @param processors those that it may run on; undefined: all
   * @returns the function that ends it, and lets the process run
   */
  govern(process: Governed, share: CpuShare, processors?: readonly number[]): () => void {
    const time = new ProcessorTime(process.pid);
    const group = this.#groupOn(processors);
    const member = { process, group, account: group.add(share, time.sample()), time };
    this.#members.add(member);
    this.#schedule();
    return () => this.#leave(member);
  }

  #groupOn(processors: readonly number[] | undefined): FairShare {
    const name = processors?.join() ?? '';
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = new FairShare(processors?.length ?? this.#processors);
    this.#groups.set(name, group);
    return group;
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    member.group.remove(member.account);
    for (const [name, group] of this.#groups) if (group.isEmpty) this.#groups.delete(name);
    member.time.close();
    member.process.release();
  }

  #schedule(): void {
    const members = [...this.#members];
    const isNeeded = members.length > 1 || members.some(({ account }) => account.share.cap !== undefined);
    if (this.#timer !== undefined || !isNeeded) return;
    const isContended = [...this.#groups.values()].some((group) => group.isContended);
    const tickMs = isContended ? BUSY_TICK_MS : QUIET_TICK_MS;
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
    for (const group of this.#groups.values()) this.#decide(group, elapsedMs);
  }

  #decide(group: FairShare, elapsedMs: number): void {
    const members = [...this.#members].filter((member) => member.group === group);
    const samples = new Map<ShareAccount, CpuSample>();
    for (const { account, time } of members) {
      const sample = time.sample();
      if (sample !== undefined) samples.set(account, sample);
    }
    const held = group.decide(samples, elapsedMs);
    for (const { account, process } of members) {
      if (held.has(account)) process.hold();
      else process.release();
    }
  }
}
