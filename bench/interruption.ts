// Ctrl-C and its like, turned into an orderly end: whoever waits is told, cleans up and throws.
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_SIGNAL_BASE = 128;

export class Interrupted extends Error {
  readonly exitStatus: number;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.exitStatus = EXIT_SIGNAL_BASE + constants.signals[signal];
  }
}

/** A signal for all that waits, aborted by the first of the process's signals; the second one ends it as usual. */
export function watchSignals(): AbortSignal {
  const abort = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    for (const each of SIGNALS) process.off(each, onSignal);
    abort.abort(new Interrupted(signal));
  };
  for (const each of SIGNALS) process.on(each, onSignal);
  return abort.signal;
}

/** What `work` comes to, or the signal's reason as soon as that is aborted. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
