// How many neighbours, idle or busy, a victim bears before the 99th percentile of its brokered round trips doubles. The
// neighbours are doubled in number, then halved in between; beside each measurement all of them are paused and the
// victim is measured alone.
import type { IsolationLevel } from '../../hypervisor/index.ts';
import { summarise } from '../machine.ts';
import type { Bench, Family } from './bench.ts';
import { BenchGuest, WrongResult } from './bench-guest.ts';
import type { CaseResult, RowResult } from './row.ts';

const IDLE = 'idle neighbours borne';
const BUSY = 'busy neighbours borne';
const TRIPS = 400;
const DOUBLED = 2;
/** Pairs of measurements that decide about one number of neighbours, by the median of their ratios. */
const PAIRS = 3;
/** What a crowd of guests may take of memory is not what is measured here. */
const NEIGHBOUR_MIB = 8;
const SEARCHES = 5;

export const densityRows: Family = { group: 'density', names: [IDLE, BUSY], measure };

/**
 * The largest number that is borne, found by doubling and then halving; numbers that are borne have only borne ones
 * below them.
 * @param isBorne asked at most once about a number
 */
export async function largestBorne(
  most: number,
  isBorne: (count: number) => Promise<boolean>,
): Promise<number> {
  let borne = 0;
  let refused = most + 1;
  for (let count = 1; count < refused; count = Math.min(2 * count, most)) {
    if (!(await isBorne(count))) refused = count;
    else borne = count;
    if (borne === most) return most;
  }
  while (refused - borne > 1) {
    const middle = (borne + refused) >> 1;
    if (await isBorne(middle)) borne = middle;
    else refused = middle;
  }
  return borne;
}

/** Guests beside the victim; as many of them as are wanted run, the others are paused. */
class Crowd implements AsyncDisposable {
  readonly #bench: Bench;
  readonly #level: IsolationLevel;
  readonly #isBusy: boolean;
  readonly #guests: BenchGuest[] = [];
  #running = 0;

  constructor(bench: Bench, level: IsolationLevel, isBusy: boolean) {
    this.#bench = bench;
    this.#level = level;
    this.#isBusy = isBusy;
  }

  async run(count: number): Promise<void> {
    while (this.#running > count) await this.#guests[--this.#running]?.partition.pause();
    while (this.#running < count) {
      const known = this.#guests[this.#running];
      if (known === undefined) this.#guests.push(await this.#start());
      else known.partition.resume();
      this.#running++;
    }
  }

  async #start(): Promise<BenchGuest> {
    const options = { memoryMib: NEIGHBOUR_MIB };
    const guest = await BenchGuest.start(this.#bench.hypervisor, this.#level, options);
    await guest.ready();
    if (this.#isBusy) guest.begin('b');
    return guest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const guest of this.#guests) await guest[Symbol.asyncDispose]();
  }
}

async function slowTripMs(victim: BenchGuest): Promise<number> {
  const { check, milliseconds } = await victim.order('l', TRIPS);
  if (check !== TRIPS) throw new WrongResult(`density: ${check} of ${TRIPS} round trips went right`);
  return milliseconds;
}

/** How many neighbours are borne, in one search. */
async function search(bench: Bench, victim: BenchGuest, crowd: Crowd, name: string): Promise<number> {
  return largestBorne(bench.settings.neighbours, async (count) => {
    bench.step(`${name}: ${count} of them`);
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      await crowd.run(0);
      const alone = await slowTripMs(victim);
      await crowd.run(count);
      ratios.push((await slowTripMs(victim)) / alone);
    }
    return summarise(ratios).median < DOUBLED;
  });
}

async function measureCase(bench: Bench, level: IsolationLevel, name: string): Promise<CaseResult> {
  await using victim = await (await BenchGuest.start(bench.hypervisor, level)).ready();
  await using crowd = new Crowd(bench, level, name === BUSY);
  await slowTripMs(victim);
  const found: number[] = [];
  for (let count = 0; count < Math.min(SEARCHES, bench.settings.samples); count++)
    found.push(await search(bench, victim, crowd, name));
  return { level, value: summarise(found), floor: null };
}

async function measure(bench: Bench): Promise<void> {
  for (const name of densityRows.names) {
    if (!bench.wants({ group: 'density', name })) continue;
    const cases: CaseResult[] = [];
    for (const level of bench.settings.levels) cases.push(await measureCase(bench, level, name));
    const note = `at most ${bench.settings.neighbours} were tried`;
    const row: RowResult = { group: 'density', name, unit: 'partitions', cases, note };
    bench.add(row);
  }
}
