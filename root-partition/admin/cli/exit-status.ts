// The command's exit statuses: documented in `cofferdam run --help`, stable, one per kind of end.

import { ImageError } from '../../../guests/images/index.ts';
import { HypervisorError, type PartitionExit } from '../../../hypervisor/index.ts';

export const EXIT_PASS = 0;
export const EXIT_GUEST_FAILURE = 1;
export const EXIT_USAGE = 2;
export const EXIT_LIMIT = 3;
export const EXIT_MACHINE_FAULT = 4;
export const EXIT_TRAPPED = 5;
export const EXIT_REFUSED = 6;
export const EXIT_KILLED = 7;
export const EXIT_INTERNAL = 70;
/** Plus the signal's number, when a signal ended the command: 130 for SIGINT, 143 for SIGTERM. */
export const EXIT_SIGNAL_BASE = 128;

export const exitStatusHelp = `
Exit status:
  0    the guest powered off, said that it passed, or was left with Ctrl-A x
  1    the guest said that it failed, or its script ended with a status other than 0
  2    wrong usage
  3    the limit of --max-instructions was reached
  4    the emulated machine could not go on
  5    the guest's Wasm trapped
  6    refused or cannot start: no such image, file unreadable, isolation not available
  7    the partition was killed or lost its devices
  70   a fault of Cofferdam itself
  128+ ended by that signal (130 SIGINT, 143 SIGTERM), 141 when nobody reads its output any more`;

const byKind: Record<PartitionExit['kind'], number> = {
  'power-off': EXIT_PASS,
  reset: EXIT_PASS,
  stopped: EXIT_PASS,
  'guest-failure': EXIT_GUEST_FAILURE,
  'limit-reached': EXIT_LIMIT,
  'machine-fault': EXIT_MACHINE_FAULT,
  trapped: EXIT_TRAPPED,
  refused: EXIT_REFUSED,
  killed: EXIT_KILLED,
  disconnected: EXIT_KILLED,
};

export function exitStatusOf(exit: PartitionExit): number {
  return byKind[exit.kind];
}

/** The user typed something that cannot be meant: exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Something is not there or not allowed: exit status 6. */
export class RefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RefusedError';
  }
}

export function exitStatusOfError(error: unknown): number {
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof RefusedError || error instanceof ImageError) return EXIT_REFUSED;
  if (error instanceof HypervisorError) {
    return error.code === 'INVALID_ARGUMENT' ? EXIT_USAGE : EXIT_REFUSED;
  }
  return EXIT_INTERNAL;
}

/** One line (the stack, too, for whoever debugs): what was expected, what came, what to do. */
export function describeError(error: unknown, isDebugging: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (isDebugging) return error.stack ?? error.message;
  const message = error.message.replace(/\s*\n\s*/g, '; ');
  return exitStatusOfError(error) === EXIT_INTERNAL
    ? `internal fault: ${message} (COFFERDAM_DEBUG=1 shows where)`
    : message;
}
