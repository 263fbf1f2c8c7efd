// Host-target interface (riscv-isa-sim: README and fesvr/htif; as bare-metal test suites use it). A store to `tohost`:
//
//   odd value, no console command     the run ends; code = value >> 1, 0 = passed
//   device 1 (bits 63..56), command 1 (bits 55..48)   put the character in bits 7..0
//   device 0, even value             system call block at that address: a7-like number, then arguments, u64 each;
//                                    64 = write(fd, buffer, length) to the console, 93 = exit(code)
import { HV_EXIT_GUEST_FAILURE, HV_EXIT_POWER_OFF } from '../../../../hypervisor/abi/hypercalls.ts';
import { consolePut } from '../console.ts';
import { MACHINE_STATE } from '../devices/device-memory.ts';
import { ramPointer } from '../hart/hart.ts';
import { HTIF_TOHOST } from '../hart/state.ts';
import { endMachine } from '../machine-exit.ts';

/** Word of MACHINE_STATE: guest physical address of fromhost, 0 = none. */
export const HTIF_FROMHOST: usize = MACHINE_STATE + 0x40;

const DEVICE_CONSOLE: u64 = 0x0101;
const CALL_WRITE: u64 = 64;
const CALL_EXIT: u64 = 93;
const MAX_WRITE_BYTES: u64 = 65_536;

/** Called after a store to tohost with its new value. */
export function htifWrite(value: u64): void {
  if (value == 0) return;
  const device = value >> 48;
  // A character may be odd, too.
  if ((value & 1) != 0 && device != DEVICE_CONSOLE) {
    end(value >> 1);
    return;
  }
  if (device == DEVICE_CONSOLE) consolePut(<u8>value);
  else if (device == 0) systemCall(value);
  acknowledge(device == DEVICE_CONSOLE ? value & 0xffff_0000_0000_0000 : 1);
}

function end(code: u64): void {
  if (code == 0) endMachine(HV_EXIT_POWER_OFF, 0);
  else endMachine(HV_EXIT_GUEST_FAILURE, <u32>code);
}

/** Empties tohost and answers in fromhost, as the host side of HTIF does. */
function acknowledge(answer: u64): void {
  const tohost = ramPointer(load<u64>(HTIF_TOHOST), 8);
  if (tohost != 0) store<u64>(tohost, 0);
  const fromhost = ramPointer(load<u64>(HTIF_FROMHOST), 8);
  if (fromhost != 0) store<u64>(fromhost, answer);
}

function systemCall(address: u64): void {
  const block = ramPointer(address, 64);
  if (block == 0) return;
  const call = load<u64>(block);
  if (call == CALL_EXIT) end(load<u64>(block, 8));
  else if (call == CALL_WRITE) {
    const length = min<u64>(load<u64>(block, 24), MAX_WRITE_BYTES);
    const buffer = ramPointer(load<u64>(block, 16), <u32>length);
    if (buffer != 0) {
      for (let i: u32 = 0; i < <u32>length; i++) consolePut(load<u8>(buffer + i));
    }
    store<u64>(block, buffer == 0 ? <u64>(<i64>-14) : length);
  } else store<u64>(block, <u64>(<i64>-38));
}
