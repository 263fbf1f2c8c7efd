// Supervisor Binary Interface 2.0 for kernels that are entered in S mode: the machine itself is the firmware (RISC-V
// SBI Specification 2.0; chapter numbers at the extensions below).
import {
  HV_EXIT_GUEST_FAILURE,
  HV_EXIT_POWER_OFF,
  HV_EXIT_RESET,
} from '../../../../hypervisor/abi/hypercalls.ts';
import { consoleFlush, consolePut, consoleTake } from '../console.ts';
import { flushTranslations } from '../hart/address-spaces.ts';
import { ramPointer, ramWritten, readRegister, setInterruptPending, writeRegister } from '../hart/hart.ts';
import { setTimerDeadline } from '../hart/traps.ts';
import { endMachine } from '../machine-exit.ts';

const EXTENSION_BASE: u64 = 0x10;
const EXTENSION_TIME: u64 = 0x5449_4d45;
const EXTENSION_IPI: u64 = 0x73_5049;
const EXTENSION_RFENCE: u64 = 0x5246_4e43;
const EXTENSION_HSM: u64 = 0x48_534d;
const EXTENSION_SRST: u64 = 0x5352_5354;
const EXTENSION_DBCN: u64 = 0x4442_434e;
// Legacy extensions (chapter 5).
const LEGACY_SET_TIMER: u64 = 0;
const LEGACY_PUTCHAR: u64 = 1;
const LEGACY_GETCHAR: u64 = 2;
const LEGACY_SHUTDOWN: u64 = 8;

const SBI_SUCCESS: i64 = 0;
const SBI_ERR_NOT_SUPPORTED: i64 = -2;
const SBI_ERR_INVALID_PARAM: i64 = -3;
const SBI_ERR_INVALID_ADDRESS: i64 = -5;
const SBI_ERR_ALREADY_AVAILABLE: i64 = -6;

const SPECIFICATION_VERSION: u64 = 2 << 24;
/** Not in the registry of implementations: "CF". */
const IMPLEMENTATION_ID: u64 = 0x4346;
const MIP_SSIP: u32 = 1;
const A0: u32 = 10;
const A1: u32 = 11;
const A2: u32 = 12;
const A6: u32 = 16;
const A7: u32 = 17;

function answer(error: i64, value: u64 = 0): void {
  writeRegister(A0, <u64>error);
  writeRegister(A1, value);
}

/** Answers the call in a0 to a7. */
export function sbiCall(): void {
  const extension = readRegister(A7);
  const call = readRegister(A6);
  if (extension == EXTENSION_TIME && call == 0) setTimer(readRegister(A0));
  else if (extension == EXTENSION_BASE) base(call);
  else if (extension == EXTENSION_IPI && call == 0) sendIpi();
  else if (extension == EXTENSION_RFENCE) remoteFence(call);
  else if (extension == EXTENSION_HSM) hartState(call);
  else if (extension == EXTENSION_SRST && call == 0) systemReset();
  else if (extension == EXTENSION_DBCN) debugConsole(call);
  else legacy(extension);
}

function hasExtension(id: u64): bool {
  return (
    id == EXTENSION_BASE ||
    id == EXTENSION_TIME ||
    id == EXTENSION_IPI ||
    id == EXTENSION_RFENCE ||
    id == EXTENSION_HSM ||
    id == EXTENSION_SRST ||
    id == EXTENSION_DBCN ||
    id <= LEGACY_GETCHAR ||
    id == LEGACY_SHUTDOWN
  );
}

/** Chapter 4. */
function base(call: u64): void {
  switch (call > 6 ? 7 : <u32>call) {
    case 0:
      answer(SBI_SUCCESS, SPECIFICATION_VERSION);
      break;
    case 1:
      answer(SBI_SUCCESS, IMPLEMENTATION_ID);
      break;
    case 2:
      answer(SBI_SUCCESS, 1);
      break;
    case 3:
      answer(SBI_SUCCESS, hasExtension(readRegister(A0)) ? 1 : 0);
      break;
    case 4:
    case 5:
    case 6:
      answer(SBI_SUCCESS, 0);
      break;
    default:
      answer(SBI_ERR_NOT_SUPPORTED);
  }
}

/** Chapter 6: under Sstc the timer is stimecmp itself. */
function setTimer(deadline: u64): void {
  setTimerDeadline(deadline);
  answer(SBI_SUCCESS);
}

/** Whether a hart mask (a0: bits, a1: first hart, all ones: everybody) is one that this one-hart machine has. */
function isMaskValid(): bool {
  const first = readRegister(A1);
  return first == u64.MAX_VALUE || (first == 0 && (readRegister(A0) & ~(<u64>1)) == 0);
}

function isHartChosen(): bool {
  return readRegister(A1) == u64.MAX_VALUE || (readRegister(A0) & 1) != 0;
}

/** Chapter 7. */
function sendIpi(): void {
  if (!isMaskValid()) {
    answer(SBI_ERR_INVALID_PARAM);
    return;
  }
  if (isHartChosen()) setInterruptPending(MIP_SSIP, true);
  answer(SBI_SUCCESS);
}

/** Chapter 8: fence.i (0), sfence.vma (1), sfence.vma with ASID (2). Decoded code is always coherent. */
function remoteFence(call: u64): void {
  if (call > 2) {
    answer(SBI_ERR_NOT_SUPPORTED);
    return;
  }
  if (!isMaskValid()) {
    answer(SBI_ERR_INVALID_PARAM);
    return;
  }
  if (call > 0 && isHartChosen()) flushTranslations();
  answer(SBI_SUCCESS);
}

/** Chapter 9: one hart, and it runs. */
function hartState(call: u64): void {
  const isSelf = readRegister(A0) == 0;
  if (call == 0) answer(isSelf ? SBI_ERR_ALREADY_AVAILABLE : SBI_ERR_INVALID_PARAM);
  else if (call == 2) answer(isSelf ? SBI_SUCCESS : SBI_ERR_INVALID_PARAM);
  else answer(SBI_ERR_NOT_SUPPORTED);
}

/** Chapter 10: shutdown (0), cold (1) and warm (2) reboot; reason 1 is a system failure. */
function systemReset(): void {
  const type = readRegister(A0);
  const reason = readRegister(A1);
  if (type > 2 || reason > 1) {
    answer(SBI_ERR_INVALID_PARAM);
    return;
  }
  consoleFlush();
  if (type != 0) endMachine(HV_EXIT_RESET, 0);
  else if (reason == 1) endMachine(HV_EXIT_GUEST_FAILURE, 1);
  else endMachine(HV_EXIT_POWER_OFF, 0);
}

/** Chapter 12. */
function debugConsole(call: u64): void {
  if (call == 2) {
    consolePut(<u8>readRegister(A0));
    answer(SBI_SUCCESS);
    return;
  }
  if (call > 2) {
    answer(SBI_ERR_NOT_SUPPORTED);
    return;
  }
  const length = readRegister(A0) > 4096 ? 4096 : <u32>readRegister(A0);
  const pointer = readRegister(A2) == 0 ? ramPointer(readRegister(A1), length) : 0;
  if (pointer == 0) {
    answer(SBI_ERR_INVALID_ADDRESS);
    return;
  }
  answer(SBI_SUCCESS, call == 0 ? writeConsole(pointer, length) : readConsole(pointer, length));
}

function writeConsole(pointer: usize, length: u32): u64 {
  for (let i: u32 = 0; i < length; i++) consolePut(load<u8>(pointer + i));
  return length;
}

function readConsole(pointer: usize, length: u32): u64 {
  let taken: u32 = 0;
  while (taken < length) {
    const byte = consoleTake();
    if (byte < 0) break;
    store<u8>(pointer + taken, <u8>byte);
    taken++;
  }
  ramWritten(readRegister(A1), taken);
  return taken;
}

/** Chapter 5: one value in a0, a1 untouched. */
function legacy(extension: u64): void {
  if (extension == LEGACY_SET_TIMER) {
    setTimerDeadline(readRegister(A0));
    writeRegister(A0, 0);
  } else if (extension == LEGACY_PUTCHAR) {
    consolePut(<u8>readRegister(A0));
    writeRegister(A0, 0);
  } else if (extension == LEGACY_GETCHAR) {
    writeRegister(A0, <u64>(<i64>consoleTake()));
  } else if (extension == LEGACY_SHUTDOWN) {
    consoleFlush();
    endMachine(HV_EXIT_POWER_OFF, 0);
  } else {
    answer(SBI_ERR_NOT_SUPPORTED);
  }
}
