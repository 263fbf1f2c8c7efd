// The clock VSP: wall time, no finer than its granularity (abi/channels/clock.ts). Answers at once.
import { CLOCK_ANSWER_BYTES } from '../../hypervisor/abi/channels/clock.ts';
import { CHANNEL_SERVICE_CLOCK } from '../../hypervisor/abi/channels/services.ts';
import { putWord } from '../../hypervisor/vmbus/frame-header.ts';
import type { Channel } from '../channel.ts';
import type { Device } from '../device.ts';
import { isClockRequest } from './requests.ts';

export const DEFAULT_GRANULARITY_NS = 1000;
/** The engine's monotonic clock is followed as long as it is this close to wall time. */
const DRIFT_LIMIT_MS = 2;

/** Where the time comes from: milliseconds of Unix time (whole), and a monotonic clock in milliseconds with fraction. */
export interface TimeSource {
  unixMs: () => number;
  monotonicMs: () => number;
}

const engineTime: TimeSource = { unixMs: () => Date.now(), monotonicMs: () => performance.now() };

export class ClockService implements Device {
  readonly service = CHANNEL_SERVICE_CLOCK;
  readonly inFlightLimit = Infinity;
  readonly label: string;
  readonly #granularityNs: number;
  readonly #granularity: bigint;
  readonly #time: TimeSource;
  /** Unix time in whole milliseconds at monotonic time 0. */
  #originMs: number;
  #requests = 0;
  #invalid = 0;

  constructor(label: string, granularityNs: number, time = engineTime) {
    this.label = label;
    this.#granularityNs = granularityNs;
    this.#granularity = BigInt(granularityNs);
    this.#time = time;
    this.#originMs = Math.round(time.unixMs() - time.monotonicMs());
  }

  open(): void {}
  close(): void {}

  receive(channel: Channel, payload: Uint8Array, lo: number, hi: number): void {
    this.#requests++;
    const isValid = isClockRequest(payload);
    const at = channel.beginCompletion(channel.generation, isValid ? CLOCK_ANSWER_BYTES : 0, lo, hi);
    if (!isValid) {
      this.#invalid++;
      return;
    }
    const nanoseconds = this.#now();
    const bytes = channel.outgoingBytes;
    putWord(bytes, at, Number(nanoseconds & 0xffff_ffffn));
    putWord(bytes, at + 4, Number(nanoseconds >> 32n));
    putWord(bytes, at + 8, this.#granularityNs);
    putWord(bytes, at + 12, 0);
  }

  #now(): bigint {
    const unixMs = this.#time.unixMs();
    const monotonicMs = this.#time.monotonicMs();
    if (Math.abs(this.#originMs + monotonicMs - unixMs) > DRIFT_LIMIT_MS) {
      this.#originMs = Math.round(unixMs - monotonicMs);
    }
    const exact = BigInt(this.#originMs) * 1_000_000n + BigInt(Math.floor(monotonicMs * 1e6));
    return exact - (exact % this.#granularity);
  }

  statistics(): Record<string, number> {
    return { requests: this.#requests, invalidRequests: this.#invalid };
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}
