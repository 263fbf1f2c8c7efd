// Ends of the machine. The hart keeps a reason that is never 0, so a partition's exit reason is stored plus one.
import { requestExit } from './hart/hart.ts';
import { EXIT_CODE, EXIT_REASON } from './hart/state.ts';

/** Stops the hart soon; `reason` is HV_EXIT_*. */
export function endMachine(reason: u32, code: u32): void {
  if (load<u32>(EXIT_REASON) == 0) requestExit(reason + 1, code);
}

/** The reason given to endMachine. */
export function exitReason(): u32 {
  return load<u32>(EXIT_REASON) - 1;
}

export function exitCode(): u32 {
  return load<u32>(EXIT_CODE);
}
