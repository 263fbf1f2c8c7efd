// The entropy VSP: the host's random bytes behind a token bucket (abi/channels/entropy.ts). Answers at once while
// there are tokens; a guest that wants more waits, and so does its socket once several requests wait.
import { randomFillSync } from 'node:crypto';
import { ENTROPY_MAX_BYTES } from '../../hypervisor/abi/channels/entropy.ts';
import { CHANNEL_SERVICE_ENTROPY } from '../../hypervisor/abi/channels/services.ts';
import { TokenBucket } from '../../hypervisor/scheduler/token-bucket.ts';
import type { Channel } from '../channel.ts';
import type { Device } from '../device.ts';
import { parseEntropyRequest } from './requests.ts';

export const DEFAULT_BYTES_PER_SECOND = 4 * 1024 * 1024;
export const DEFAULT_BURST_BYTES = 256 * 1024;
const noBytes = new Uint8Array(0);

interface Waiting {
  channel: Channel;
  generation: number;
  length: number;
  lo: number;
  hi: number;
}

export interface EntropyOptions {
  bytesPerSecond: number;
  /** At least ENTROPY_MAX_BYTES. */
  burstBytes: number;
  /** Monotonic milliseconds. */
  now: () => number;
  /** Calls back after so many milliseconds. */
  later: (ms: number, callback: () => void) => void;
}

const engineOptions: EntropyOptions = {
  bytesPerSecond: DEFAULT_BYTES_PER_SECOND,
  burstBytes: DEFAULT_BURST_BYTES,
  now: () => performance.now(),
  later: (ms, callback) => {
    setTimeout(callback, ms).unref();
  },
};

export class EntropyService implements Device {
  readonly service = CHANNEL_SERVICE_ENTROPY;
  readonly inFlightLimit = 16;
  readonly label: string;
  readonly #options: EntropyOptions;
  readonly #waiting: Waiting[] = [];
  readonly #bucket: TokenBucket;
  #isTimerSet = false;
  #bytes = 0;
  #invalid = 0;
  #delayed = 0;

  constructor(label: string, options: Partial<EntropyOptions> = {}) {
    this.label = label;
    this.#options = { ...engineOptions, ...options };
    const { bytesPerSecond, burstBytes, now } = this.#options;
    this.#bucket = new TokenBucket(bytesPerSecond, burstBytes, now);
  }

  open(): void {}
  close(): void {}

  receive(channel: Channel, payload: Uint8Array, lo: number, hi: number): void {
    const length = parseEntropyRequest(payload);
    const { generation } = channel;
    if (length === 0) {
      this.#invalid++;
      channel.complete(generation, noBytes, lo, hi);
      return;
    }
    if (this.#waiting.length === 0 && this.#take(length)) {
      this.#answer({ channel, generation, length, lo, hi });
      return;
    }
    this.#delayed++;
    channel.beginRequest(ENTROPY_MAX_BYTES);
    this.#waiting.push({ channel, generation, length, lo, hi });
    this.#setTimer();
  }

  #take(length: number): boolean {
    if (this.#bucket.tokens < length) return false;
    this.#bucket.charge(length);
    return true;
  }

  #answer({ channel, generation, length, lo, hi }: Waiting): void {
    const at = channel.beginCompletion(generation, length, lo, hi);
    if (at < 0) return;
    randomFillSync(channel.outgoingBytes, at, length);
    this.#bytes += length;
  }

  #setTimer(): void {
    const first = this.#waiting[0];
    if (first === undefined || this.#isTimerSet) return;
    this.#isTimerSet = true;
    this.#options.later(Math.max(1, this.#bucket.msUntil(first.length)), () => {
      this.#isTimerSet = false;
      this.#serveWaiting();
    });
  }

  #serveWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (first.generation === first.channel.generation) {
        if (!this.#take(first.length)) break;
        this.#answer(first);
      }
      this.#waiting.shift();
      first.channel.settleRequest(ENTROPY_MAX_BYTES);
    }
    this.#setTimer();
  }

  statistics(): Record<string, number> {
    return { bytes: this.#bytes, invalidRequests: this.#invalid, delayedRequests: this.#delayed };
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}
