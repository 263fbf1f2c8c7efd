// Hypercalls by name (TLFS: "Hypercall Reference"). Pages for input and output are the caller's.
import {
  HV_HYPERCALL_FAST,
  HVCALL_EXIT_PARTITION,
  HVCALL_GET_BOOT_ARGUMENTS,
  HVCALL_NOTIFY_LONG_SPIN_WAIT,
  HVCALL_POST_MESSAGE,
  HVCALL_PUBLISH_CODE,
  HVCALL_REPORT_INSTRUCTIONS,
  HVCALL_SET_VP_REGISTERS,
  HVCALL_SIGNAL_EVENT,
} from '../../hypervisor/abi/hypercalls.ts';
import { HV_VP_INDEX_SELF } from '../../hypervisor/abi/synic.ts';
import { hypercall } from './hv.ts';

/** Ends the partition (HV_EXIT_*). The VP returns from `run` next. */
export function exitPartition(reason: u32, code: u32): void {
  hypercall(HVCALL_EXIT_PARTITION | HV_HYPERCALL_FAST, 0, reason, code, 0, 0);
}

/** Tells the hypervisor how many instructions this VP has retired, for its statistics. */
export function reportInstructions(count: u64): void {
  hypercall(HVCALL_REPORT_INSTRUCTIONS | HV_HYPERCALL_FAST, 0, <u32>count, <u32>(count >> 32), 0, 0);
}

/** Fills the 4096 bytes at `output` (page aligned) with the boot arguments. */
export function getBootArguments(output: usize): u32 {
  return hypercall(HVCALL_GET_BOOT_ARGUMENTS, 0, 0, 0, <u32>output, 0);
}

/** Raises event flag `flag` of the port behind `connectionId`. */
export function signalEvent(connectionId: u32, flag: u32 = 0): u32 {
  return hypercall(HVCALL_SIGNAL_EVENT | HV_HYPERCALL_FAST, 0, connectionId, flag, 0, 0);
}

/** Posts the message at `input`, laid out as HvPostMessage's 256-byte input (abi/synic.ts), 8-byte aligned. */
export function postMessage(input: usize): u32 {
  return hypercall(HVCALL_POST_MESSAGE, 0, <u32>input, 0, 0, 0);
}

/** Puts function "0" of the WebAssembly module of `length` bytes at `address` into the table at `index`. */
export function publishCode(address: usize, length: u32, index: u32): u32 {
  return hypercall(HVCALL_PUBLISH_CODE | HV_HYPERCALL_FAST, 0, <u32>address, length, index, 0) & 0xffff;
}

/** Gives up the rest of the VP's time slice. */
export function notifyLongSpinWait(): void {
  hypercall(HVCALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST, 0, 0, 0, 0, 0);
}

/**
 * Sets one register of this VP. `scratch`: 64 bytes, 16-byte aligned, within one page.
 * Input: partition id u64 | VP index u32 | VTL u8 + 3 reserved | name u32 + 12 reserved bytes | value 16 bytes.
 */
export function setVpRegister(scratch: usize, name: u32, value: u64): u32 {
  memory.fill(scratch, 0, 48);
  store<i64>(scratch, -1); // HV_PARTITION_ID_SELF
  store<u32>(scratch, HV_VP_INDEX_SELF, 8);
  store<u32>(scratch, name, 16);
  store<u64>(scratch, value, 32);
  return hypercall(HVCALL_SET_VP_REGISTERS, 1, <u32>scratch, 0, 0, 0) & 0xffff;
}
