// A bare machine for tests: the hart and RAM, every word of state within reach of bare-host.ts.

import { readCsr, writeCsr } from '../hart/csr.ts';
import { isCsrAllowed } from '../hart/csr-access.ts';
import { expanded, operationOf } from '../hart/decoder.generated.ts';
import {
  hartReset,
  hartRun,
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
import { RAM_BYTES } from '../hart/state.ts';

export { expanded, isCsrAllowed, operationOf, readCsr, writeCsr };

export function setRamBytes(bytes: u32): void {
  store<u32>(RAM_BYTES, bytes);
}

export {
  hartReset,
  hartRun,
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
