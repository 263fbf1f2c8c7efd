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
const NS_PER_MS = 1_000_000;

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
  readonly #time: TimeSource;
  /** Unix time in whole milliseconds at monotonic time 0. */
  #originMs: number;
  #requests = 0;
  #invalid = 0;

  constructor(label: string, granularityNs: number, time = engineTime) {
    this.label = label;
    this.#granularityNs = granularityNs;
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
    this.#putTime(channel.outgoingBytes, at);
  }

  /** Without big integers where the granularity allows it: this is the brokered round trip that is measured. */
  #putTime(bytes: Uint8Array, at: number): void {
    const unixMs = this.#time.unixMs();
    const monotonicMs = this.#time.monotonicMs();
    if (Math.abs(this.#originMs + monotonicMs - unixMs) > DRIFT_LIMIT_MS) {
      this.#originMs = Math.round(unixMs - monotonicMs);
    }
    const wholeMs = Math.floor(monotonicMs);
    const ms = this.#originMs + wholeMs;
    const ns = Math.floor((monotonicMs - wholeMs) * NS_PER_MS);
    const granularityNs = this.#granularityNs;
    if (NS_PER_MS % granularityNs === 0) {
      putTime(bytes, at, ms, ns - (ns % granularityNs));
    } else {
      const exact = BigInt(ms) * BigInt(NS_PER_MS) + BigInt(ns);
      const rounded = exact - (exact % BigInt(granularityNs));
      putWord(bytes, at, Number(rounded & 0xffff_ffffn));
      putWord(bytes, at + 4, Number(rounded >> 32n));
    }
    putWord(bytes, at + 8, granularityNs);
    putWord(bytes, at + 12, 0);
  }

  statistics(): Record<string, number> {
    return { requests: this.#requests, invalidRequests: this.#invalid };
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}

/** Writes ms * 10^6 + ns as a u64, in two halves that numbers hold exactly. */
function putTime(bytes: Uint8Array, at: number, ms: number, ns: number): void {
  const high = Math.floor(ms / 0x10_0000) * NS_PER_MS;
  const low = (high % 4096) * 0x10_0000 + (ms % 0x10_0000) * NS_PER_MS + ns;
  putWord(bytes, at, low % 0x1_0000_0000);
  putWord(bytes, at + 4, Math.floor(high / 4096) + Math.floor(low / 0x1_0000_0000));
}
