// A bare machine for tests: the hart and RAM, every word of state within reach of bare-host.ts.

import { translate } from '../../translator/translate.ts';
import { clintPoll, clintReset } from '../devices/clint/device.ts';
import { readCsr, writeCsr } from '../hart/csr.ts';
import { isCsrAllowed } from '../hart/csr-access.ts';
import { expanded, OP_UNIT, operationOf } from '../hart/decoder.generated.ts';
import { fetchHost, jumpSlow } from '../hart/fetch.ts';
import {
  hartReset,
  hartSlice,
  hartStep,
  instructionsRetired,
  nextTimerDeadline,
  ramPointer,
  ramWritten,
  readRegister,
  requestExit,
  setInterruptPending,
  writeRegister,
} from '../hart/hart.ts';
import { CONTEXT, PC, RAM_BYTES } from '../hart/state.ts';
import { interruptToTake, pollTimer } from '../hart/traps.ts';

export { expanded, isCsrAllowed, operationOf, readCsr, writeCsr };

/** Makes a unit of what begins at the pc, unless fetching it would trap or an interrupt comes first. */
export function translateHere(): void {
  const pc = load<u64>(PC);
  pollTimer();
  if (interruptToTake() >= 0 || !fetchHost(pc, pc)) return;
  const slot = jumpSlow(pc);
  if (load<u16>(slot) != <u16>OP_UNIT) translate(slot, 0, load<u32>(CONTEXT));
}

/** Runs about `budget` instructions, and returns 0; or fewer, and says why as hartSlice does. */
export function hartRun(budget: i32): i32 {
  for (let left = budget; left > 0; ) {
    const ran = hartSlice(left);
    if (ran < 0) return ran;
    left -= ran;
  }
  return 0;
}

export function setRamBytes(bytes: u32): void {
  store<u32>(RAM_BYTES, bytes);
}

export {
  clintPoll,
  clintReset,
  hartReset,
  hartSlice,
  hartStep,
  instructionsRetired,
  nextTimerDeadline,
  ramPointer,
  ramWritten,
  readRegister,
  requestExit,
  setInterruptPending,
  writeRegister,
};
