// The token buckets of one partition (hypervisor/scheduler/limits.ts). What it sent and what it is answered is charged;
// while a bucket is in debt, the partition's socket is not read. The buckets outlive connections: a guest that resets
// takes its debts along.
import { CHANNEL_SERVICE_CONSOLE } from '../hypervisor/abi/channels/services.ts';
import { FRAME_HEADER_BYTES } from '../hypervisor/abi/frames.ts';
import {
  type BrokeredLimit,
  type BrokeredLimits,
  brokeredLimitDefaults,
  brokeredLimits,
} from '../hypervisor/scheduler/limits.ts';
import { TokenBucket } from '../hypervisor/scheduler/token-bucket.ts';
import type { Device } from './device.ts';

/** Waiting that has come to this is told. */
const TOLD_EVERY_MS = 1000;

type ByteStream = 'consoleBytes' | 'logBytes';

/** The limit that a device's packets are charged to; undefined: they are I/O operations. */
export function byteStreamOf({ service, label }: Device): ByteStream | undefined {
  if (service !== CHANNEL_SERVICE_CONSOLE) return undefined;
  return label === 'console' ? 'consoleBytes' : 'logBytes';
}

export class Throttle {
  readonly #buckets: Record<BrokeredLimit, TokenBucket>;
  readonly #waitedMs: Record<BrokeredLimit, number>;
  readonly #untoldMs: Record<BrokeredLimit, number>;
  readonly #tell: (limit: BrokeredLimit, waitedMs: number) => void;

  /** @param tell called when waiting for one limit has come to another second or more */
  constructor(
    limits: BrokeredLimits = brokeredLimitDefaults,
    tell: (limit: BrokeredLimit, waitedMs: number) => void = () => {},
    now?: () => number,
  ) {
    this.#buckets = forEachLimit((limit) => new TokenBucket(limits[limit], limits[limit], now));
    this.#waitedMs = forEachLimit(() => 0);
    this.#untoldMs = forEachLimit(() => 0);
    this.#tell = tell;
  }

  /** A message or event for another partition. @returns false when the partition must wait; so do all of these */
  message(): boolean {
    return this.#buckets.messages.charge(1);
  }

  /** A frame for a device. Its header counts, so that empty ones are not free. */
  packet(stream: ByteStream | undefined, payloadBytes: number): boolean {
    const bytes = FRAME_HEADER_BYTES + payloadBytes;
    if (stream !== undefined) return this.#buckets[stream].charge(bytes);
    const mayGoOn = this.#buckets.ioOperations.charge(1);
    return this.#buckets.ioBytes.charge(bytes) && mayGoOn;
  }

  /** An answer of a device. The debt shows when the next request is charged. */
  answer(payloadBytes: number): void {
    this.#buckets.ioBytes.charge(FRAME_HEADER_BYTES + payloadBytes);
  }

  /** How long the partition has to wait now, which is taken down as its waiting. */
  beginWait(): number {
    const waits = brokeredLimits.map((limit) => ({ limit, ms: this.#buckets[limit].msUntil(0) }));
    const { limit, ms } = waits.reduce((longest, each) => (each.ms > longest.ms ? each : longest));
    this.#waitedMs[limit] += ms;
    this.#untoldMs[limit] += ms;
    if (this.#untoldMs[limit] >= TOLD_EVERY_MS) {
      this.#tell(limit, this.#untoldMs[limit]);
      this.#untoldMs[limit] = 0;
    }
    return ms;
  }

  /** Milliseconds that the partition has waited, by limit. */
  statistics(): Record<string, number> {
    return Object.fromEntries(brokeredLimits.map((limit) => [`throttledMs.${limit}`, this.#waitedMs[limit]]));
  }
}

function forEachLimit<T>(make: (limit: BrokeredLimit) => T): Record<BrokeredLimit, T> {
  return Object.fromEntries(brokeredLimits.map((limit) => [limit, make(limit)])) as Record<BrokeredLimit, T>;
}
