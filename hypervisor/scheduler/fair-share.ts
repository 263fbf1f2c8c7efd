// Which partitions may run: shares by weight, caps and reserves, over what the kernel's own scheduler does. A partition
// that is ahead of its share while another one waits for a processor is held back until the other has caught up.
//
// Virtual time is processor time divided by weight (stride scheduling; Waldspurger and Weihl 1995), with weights made
// feasible for several processors (surplus fair scheduling; Chandra et al. 2000): nobody is owed more than one of them.
// What counts is what the kernel measured, all threads of a process included, so there is no tick to be cheated.

/** How much of the processors a partition may have. */
export interface CpuShare {
  /** Share among those that want more than there is; 1 to 10 000, default 100. */
  weight: number;
  /** Never more than so many processors, 0.01 and up; undefined: no cap. */
  cap: number | undefined;
  /** So many processors before others get their share, 0 to 1. */
  reserve: number;
}

/** What the kernel says of one partition, as it grows. */
export interface CpuSample {
  usedMs: number;
  /** Time that its busiest thread was ready to run and did not. */
  waitedMs: number;
}

/** Being ahead by less than this is nobody's loss. */
const SLACK_MS = 10;
/** Nobody can save up more than this, nor owe more. */
const MOST_LAG_MS = 500;
/** A cap and a reserve are kept over so long. */
const WINDOW_MS = 100;
/** A partition wants more than it gets when it waited for so much of its recent time, or used a whole processor. */
const WAITING = 0.03;
const FULL = 0.9;
const MEMORY = 0.9;
/** Waiting for so much of a tick, beside no more partitions than processors, means that something else is the cause. */
const CROWDED = 0.2;
/** Having waited for so much of late means that it still is. */
const STILL_CROWDED = 0.1;

/** One partition's account. */
export class ShareAccount {
  readonly share: CpuShare;
  isHeld = false;
  virtualMs: number;
  /** Recent part of its time that it waited. */
  waiting = 0;
  /** The same in the last tick alone. */
  waitingNow = 0;
  /** Recent part of a processor that it used. */
  using = 0;
  /** Processor time that the cap still allows; negative: too much was used. */
  capMs: number;
  /** Processor time that the reserve still owes. */
  owedMs = 0;
  #seen: CpuSample;

  /** @param seen what it has used and waited for already, which is not held against it */
  constructor(share: CpuShare, virtualMs: number, seen: CpuSample = { usedMs: 0, waitedMs: 0 }) {
    this.share = share;
    this.virtualMs = virtualMs;
    this.#seen = seen;
    this.capMs = (share.cap ?? 0) * WINDOW_MS;
  }

  get isContending(): boolean {
    return this.isHeld || this.waiting > WAITING || this.using > FULL;
  }

  get isOverCap(): boolean {
    return this.share.cap !== undefined && this.capMs < 0;
  }

  get isOwed(): boolean {
    return this.owedMs > 0 && this.isContending;
  }

  /** Takes down what happened in the last `elapsedMs`. @returns processor time used in them */
  take(sample: CpuSample, elapsedMs: number): number {
    const { usedMs, waitedMs } = this.#seen;
    this.#seen = sample;
    const used = Math.max(0, sample.usedMs - usedMs);
    if (!this.isHeld) {
      this.waitingNow = Math.min(1, Math.max(0, sample.waitedMs - waitedMs) / elapsedMs);
      this.waiting = this.waiting * MEMORY + this.waitingNow * (1 - MEMORY);
      this.using = this.using * MEMORY + (used / elapsedMs) * (1 - MEMORY);
    }
    const { cap, reserve } = this.share;
    if (cap !== undefined) this.capMs = Math.min(cap * WINDOW_MS, this.capMs + cap * elapsedMs - used);
    const most = reserve * WINDOW_MS;
    this.owedMs = Math.max(-most, Math.min(most, this.owedMs + reserve * elapsedMs - used));
    return used;
  }
}

export class FairShare {
  readonly #accounts = new Set<ShareAccount>();
  readonly #processors: number;
  /** Virtual time of the one that is behind all others; where newcomers begin. */
  #baseMs = 0;

  constructor(processors: number) {
    this.#processors = processors;
  }

  add(share: CpuShare, seen?: CpuSample): ShareAccount {
    const account = new ShareAccount(share, this.#baseMs, seen);
    this.#accounts.add(account);
    return account;
  }

  remove(account: ShareAccount): void {
    this.#accounts.delete(account);
  }

  get isEmpty(): boolean {
    return this.#accounts.size === 0;
  }

  /** Whether a decision may be due soon: somebody waits, or comes near a cap. */
  get isContended(): boolean {
    for (const account of this.#accounts) {
      const { cap } = account.share;
      if (account.isHeld || (cap !== undefined && account.capMs < (cap * WINDOW_MS) / 2)) return true;
      if (account.waiting > WAITING && this.#accounts.size > 1) return true;
    }
    return false;
  }

  /** @param samples of every account @returns those to be held from now on; all others run */
  decide(samples: ReadonlyMap<ShareAccount, CpuSample>, elapsedMs: number): Set<ShareAccount> {
    const used = new Map<ShareAccount, number>();
    for (const [account, sample] of samples) used.set(account, account.take(sample, elapsedMs));
    const contending = [...samples.keys()].filter((account) => account.isContending && !account.isOverCap);
    const weights = feasibleWeights(contending, this.#processors);
    for (const [account, ms] of used) {
      account.virtualMs += ms / (weights.get(account) ?? account.share.weight);
    }
    this.#bringTogether([...samples.keys()], contending, weights);
    const held = new Set([...samples.keys()].filter((account) => account.isOverCap));
    for (const account of this.#tooFarAhead(contending, weights)) held.add(account);
    for (const account of samples.keys()) account.isHeld = held.has(account);
    return held;
  }

  /** Who wants nothing saves nothing up; who could not get its share is not owed all of the past. */
  #bringTogether(
    all: readonly ShareAccount[],
    contending: readonly ShareAccount[],
    weights: ReadonlyMap<ShareAccount, number>,
  ): void {
    const last = Math.max(...contending.map(({ virtualMs }) => virtualMs));
    for (const account of contending) {
      const earliest = last - MOST_LAG_MS / (weights.get(account) as number);
      account.virtualMs = Math.max(account.virtualMs, earliest);
    }
    const first = Math.min(...contending.map(({ virtualMs }) => virtualMs));
    if (Number.isFinite(first)) this.#baseMs = Math.max(this.#baseMs, first);
    for (const account of all) {
      if (!account.isContending) account.virtualMs = Math.max(account.virtualMs, this.#baseMs);
    }
  }

  #tooFarAhead(
    contending: readonly ShareAccount[],
    weights: ReadonlyMap<ShareAccount, number>,
  ): ShareAccount[] {
    const behind = contending.reduce<ShareAccount | undefined>(
      (first, each) => (first === undefined || isBefore(each, first) ? each : first),
      undefined,
    );
    if (behind === undefined) return [];
    const aheadMs = (account: ShareAccount): number =>
      behind.isOwed ? Infinity : (account.virtualMs - behind.virtualMs) * (weights.get(account) as number);
    // Who is held already stays so until the others are level with it.
    const ahead = contending.filter(
      (account) => !account.isOwed && aheadMs(account) > (account.isHeld ? 0 : SLACK_MS),
    );
    ahead.sort((a, b) => b.virtualMs - a.virtualMs);
    return ahead.slice(0, this.#mostHeld(contending, behind));
  }

  /** As many run as there are processors; fewer only where even so the one behind has to wait. */
  #mostHeld(contending: readonly ShareAccount[], behind: ShareAccount): number {
    const running = contending.filter((account) => !account.isHeld).length;
    const isCrowded =
      !behind.isHeld &&
      ((running === this.#processors && behind.waitingNow > CROWDED) ||
        (running < this.#processors && behind.waiting > STILL_CROWDED));
    return Math.max(0, contending.length - this.#processors) + (isCrowded ? 1 : 0);
  }
}

/** Those that a reserve is owed come first. */
function isBefore(a: ShareAccount, b: ShareAccount): boolean {
  return a.isOwed === b.isOwed ? a.virtualMs < b.virtualMs : a.isOwed;
}

/** Weights among `accounts` with which nobody is owed more than one processor of `processors`. */
export function feasibleWeights(
  accounts: readonly ShareAccount[],
  processors: number,
): Map<ShareAccount, number> {
  const result = new Map(accounts.map((account) => [account, account.share.weight]));
  const heaviestFirst = [...accounts].sort((a, b) => b.share.weight - a.share.weight);
  let rest = heaviestFirst.reduce((sum, { share }) => sum + share.weight, 0);
  const clamped: ShareAccount[] = [];
  for (const account of heaviestFirst) {
    const left = processors - clamped.length;
    if (left <= 1 || account.share.weight * left <= rest) break;
    clamped.push(account);
    rest -= account.share.weight;
  }
  const left = processors - clamped.length;
  const full = rest > 0 ? rest / left : Math.max(...clamped.map(({ share }) => share.weight));
  for (const account of clamped) result.set(account, full);
  return result;
}
