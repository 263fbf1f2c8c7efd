// The clock VSP: wall time, no finer than its granularity (abi/channels/clock.ts). Answers at once.
// The global of this name is a getter.
import { performance } from 'node:perf_hooks';
import { CLOCK_ANSWER_BYTES } from '../../hypervisor/abi/channels/clock.ts';
import { CHANNEL_SERVICE_CLOCK } from '../../hypervisor/abi/channels/services.ts';
import type { Channel } from '../channel.ts';
import type { Device } from '../device.ts';
import { isClockRequest } from './requests.ts';

export const DEFAULT_GRANULARITY_NS = 1000;
/** The engine's monotonic clock is followed as long as it is this close to wall time. */
const DRIFT_LIMIT_MS = 2;
/** After so long wall time is looked at anew, so that numbers stay exact. */
const SPAN_MS = 2 ** 32;
const NS_PER_MS = 1_000_000;
const TWO_TO_32 = 2 ** 32;

/** Where the time comes from: milliseconds of Unix time (whole), and a monotonic clock in milliseconds with fraction. */
export interface TimeSource {
  unixMs: () => number;
  monotonicMs: () => number;
}

const engineTime: TimeSource = { unixMs: Date.now, monotonicMs: performance.now.bind(performance) };

export class ClockService implements Device {
  readonly service = CHANNEL_SERVICE_CLOCK;
  readonly inFlightLimit = Infinity;
  readonly label: string;
  readonly #granularityNs: number;
  readonly #unixMs: () => number;
  readonly #monotonicMs: () => number;
  /** A moment, by the monotonic clock; and Unix time then in whole milliseconds, and in nanoseconds: the last multiple of
   *  the granularity, in two halves, and how far behind that it was. */
  #originMs = 0;
  #originUnixMs = 0;
  #originHigh = 0;
  #originLow = 0;
  #originRestNs = 0;
  #requests = 0;
  #invalid = 0;

  constructor(label: string, granularityNs: number, time = engineTime) {
    this.label = label;
    this.#granularityNs = granularityNs;
    this.#unixMs = time.unixMs;
    this.#monotonicMs = time.monotonicMs;
    this.#setOrigin(time.unixMs(), time.monotonicMs());
  }

  open(): void {}
  close(): void {}

  receive(channel: Channel, payload: Uint8Array, lo: number, hi: number): void {
    this.#requests++;
    const isValid = isClockRequest(payload);
    const at = channel.beginCompletion(channel.generation, isValid ? CLOCK_ANSWER_BYTES : 0, lo, hi);
    if (isValid) this.#putTime(channel.outgoingView, at);
    else this.#invalid++;
  }

  /** Wall time is `unixMs` when the monotonic clock is at `monotonicMs`: the latter's whole milliseconds begin there. */
  #setOrigin(unixMs: number, monotonicMs: number): void {
    this.#originMs = Math.floor(monotonicMs);
    this.#originUnixMs = Math.round(unixMs - monotonicMs) + this.#originMs;
    const ns = BigInt(this.#originUnixMs) * BigInt(NS_PER_MS);
    const restNs = ns % BigInt(this.#granularityNs);
    this.#originHigh = Number((ns - restNs) >> 32n);
    this.#originLow = Number((ns - restNs) & 0xffff_ffffn);
    this.#originRestNs = Number(restNs);
  }

  /** Big integers are for origins only: this is the brokered round trip that is measured, by an engine that interprets. */
  #putTime(view: DataView, at: number): void {
    const unixMs = this.#unixMs();
    const monotonicMs = this.#monotonicMs();
    let passedMs = monotonicMs - this.#originMs;
    const driftMs = this.#originUnixMs + passedMs - unixMs;
    if (driftMs > DRIFT_LIMIT_MS || driftMs < -DRIFT_LIMIT_MS || passedMs > SPAN_MS) {
      this.#setOrigin(unixMs, monotonicMs);
      passedMs = monotonicMs - this.#originMs;
    }
    const passedNs = Math.floor(passedMs * NS_PER_MS) + this.#originRestNs;
    const low = this.#originLow + passedNs - (passedNs % this.#granularityNs);
    view.setUint32(at, low, true);
    view.setUint32(at + 4, this.#originHigh + Math.floor(low / TWO_TO_32), true);
    view.setUint32(at + 8, this.#granularityNs, true);
    view.setUint32(at + 12, 0, true);
  }

  statistics(): Record<string, number> {
    return { requests: this.#requests, invalidRequests: this.#invalid };
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}
