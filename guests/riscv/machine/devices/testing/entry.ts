// The machine without its entry: bus, devices, SBI, device tree and HTIF within reach of device-machine.ts.

import { elfSymbol, isElf, loadElf } from '../../bare-metal/elf.ts';
import { htifWrite } from '../../bare-metal/htif.ts';
import { BootDescription, writeDeviceTree } from '../../boot/device-tree.ts';
import { bootLinux } from '../../boot/linux.ts';
import { openConsole } from '../../console.ts';
import { hartReset, ramPointer, readRegister, writeRegister } from '../../hart/hart.ts';
import { INTERRUPT_LINES, MIP, RAM_BYTES } from '../../hart/state.ts';
import { connectMachine } from '../../machine-channels.ts';
import { exitCode, exitReason } from '../../machine-exit.ts';
import { RAM_BASE } from '../../memory/layout.ts';
import { sbiCall } from '../../sbi/sbi.ts';
import { attachVirtioDevices, pollVirtioDevices } from '../../virtio/devices.ts';
import { mmioLoad, mmioStore } from '../bus.ts';
import { clintDeadline, clintPoll, clintReset } from '../clint/device.ts';
import { plicSetLine } from '../plic/device.ts';
import { rtcDeadline, rtcPoll, rtcSetEpoch } from '../rtc/device.ts';
import { uartReceive, uartRoom } from '../uart/device.ts';

export {
  clintDeadline,
  clintPoll,
  exitCode,
  exitReason,
  htifWrite,
  mmioLoad,
  mmioStore,
  plicSetLine,
  pollVirtioDevices,
  ramPointer,
  readRegister,
  rtcDeadline,
  rtcPoll,
  rtcSetEpoch,
  sbiCall,
  uartReceive,
  uartRoom,
  writeRegister,
};

/** @param attach 0 no virtio devices, 1 on MMIO, 2 on PCI; returns the slots in use */
export function start(ramBytes: u32, isConsoleVirtio: bool, attach: u32): u32 {
  store<u32>(RAM_BYTES, ramBytes);
  clintReset();
  hartReset(0x8000_0000, 0, 0, 3);
  if (attach == 0) return 0;
  connectMachine();
  openConsole(isConsoleVirtio);
  return attachVirtioDevices(attach == 2);
}

export function pendingInterrupts(): u64 {
  return load<u64>(MIP) | load<u64>(INTERRUPT_LINES);
}

/** Writes a tree at the start of RAM; the command line lies at `line`. */
export function deviceTree(line: usize, lineBytes: u32, initrdBytes: u32, slots: u32, hasPci: bool): u32 {
  const boot = new BootDescription();
  boot.commandLine = line;
  boot.commandLineBytes = lineBytes;
  boot.initrdGpa = 0x8100_0000;
  boot.initrdBytes = initrdBytes;
  boot.seed = line;
  boot.seedBytes = 64;
  boot.virtioMmioSlots = slots;
  boot.hasPci = hasPci;
  return writeDeviceTree(RAM_BASE, boot);
}

/** 0: no ELF file, 1: refused, 2: loaded. The file lies at `file`. */
export function tryElf(file: usize, bytes: u32): u32 {
  if (!isElf(file, bytes)) return 0;
  return loadElf(file, bytes, file).length > 0 ? 1 : 2;
}

/** Value of the symbol `tohost` of the ELF file at `file`, 0 when it has none. */
export function tohostOf(file: usize, bytes: u32): u64 {
  return elfSymbol(file, bytes, 'tohost');
}

/** Boots the kernel of the volume `kernel`, as the machine does at its start; the boot arguments are there already. */
export function bootKernel(): bool {
  if (!connectMachine()) return false;
  openConsole(false);
  return bootLinux();
}
