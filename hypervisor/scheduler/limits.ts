// How much a partition may ask of others and of the hypervisor, per second. Each limit is a token bucket that holds a
// second's worth. What goes over it waits: a hypercall on its VP's thread, everything else in the partition's socket,
// where the root partition stops reading it. Nothing is lost, and nobody else waits.

/** Limits that the root partition keeps: a partition cannot go round them, whoever owns its process. */
export const brokeredLimitDefaults = {
  /** Messages and events for other partitions. */
  messages: 200_000,
  /** Packets to devices that are not byte streams, whatever they ask for; opening and closing of channels. */
  ioOperations: 200_000,
  /** Bytes of these packets and of the answers to them. */
  ioBytes: 2 * 2 ** 30,
  /** Bytes for the console. */
  consoleBytes: 64 * 2 ** 20,
  /** Bytes for files that the guest only writes to: traces and signatures. */
  logBytes: 256 * 2 ** 20,
} as const;

export const limitDefaults = {
  /** Calls of hv.hypercall. They cost nobody but their own VP its time; kept in the partition's process. */
  hypercalls: 20_000_000,
  ...brokeredLimitDefaults,
} as const;

export type BrokeredLimit = keyof typeof brokeredLimitDefaults;
export type Limit = keyof typeof limitDefaults;
export const brokeredLimits = Object.keys(brokeredLimitDefaults) as BrokeredLimit[];
export const limitNames = Object.keys(limitDefaults) as Limit[];

/** Whole numbers per second, 1 to MAX_LIMIT. */
export type Limits = Readonly<Record<Limit, number>>;
export type BrokeredLimits = Readonly<Record<BrokeredLimit, number>>;
export const MAX_LIMIT = 2 ** 48;

export const isLimit = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_LIMIT;
