// The RV64 machine: a guest of Cofferdam that is itself a whole computer. `run` sets it up on the first call, then
// alternates between the hart and the devices until the guest ends.
import { HV_EXIT_MACHINE_FAULT, HV_VP_HALTED, HV_VP_YIELDED } from '../../../hypervisor/abi/hypercalls.ts';
import {
  bootArgumentIs,
  bootArgumentNumber,
  findBootArgument,
  readBootArguments,
} from '../../lib/boot-arguments.ts';
import { idle } from '../../lib/hv.ts';
import { exitPartition, reportInstructions } from '../../lib/hypercalls.ts';
import { takeChannelEvents, takeControlMessage } from '../../lib/vmbus.ts';
import { bootBareMetal, finishBareMetal, runProgram } from './bare-metal/program.ts';
import { bootFailure } from './boot/boot-failure.ts';
import { bootLinux } from './boot/linux.ts';
import { setClock } from './boot/seed.ts';
import { consoleFlush, consoleTake, isConsoleVirtio, openConsole } from './console.ts';
import { clintDeadline, clintPoll, clintReset } from './devices/clint/device.ts';
import { BOOT_ARGUMENTS, MACHINE_STATE, VMBUS_REGION } from './devices/device-memory.ts';
import { rtcDeadline, rtcPoll } from './devices/rtc/device.ts';
import { uartReceive, uartRoom } from './devices/uart/device.ts';
import { HART_EXIT, HART_WAITING, instructionsRetired, nextTimerDeadline } from './hart/hart.ts';
import { OBSERVED, RAM_BYTES, TRANSLATING, UNIT_BUDGET } from './hart/state.ts';
import { connectMachine } from './machine-channels.ts';
import { endMachine, exitCode, exitReason } from './machine-exit.ts';
import { MAX_RAM_BYTES, RAM_BASE, UNIT_LIMIT } from './memory/layout.ts';
import { pollVirtioDevices } from './virtio/devices.ts';

/** Words of MACHINE_STATE: whether the machine is set up; instructions at the last report u64. */
const IS_SET_UP: usize = MACHINE_STATE + 8;
const REPORTED: usize = MACHINE_STATE + 16;

const REPORT_INTERVAL: u64 = 16_000_000;
/** Heat at which code is translated (translator/heat.ts). Lower and a boot spends more on translating than it gains
 *  (measured: npm run bench:guest -- --only P4). */
const HOT: u64 = 300_000;
const DEFAULT_MEMORY_MIB: u64 = 128;

/** What came for the partition arrives in `idle`: after so many slices, some 200 µs at most, though the hart be busy. */
const SLICES_UNTIL_ARRIVALS: u32 = 3;
let slices: u32 = 0;

/** Waiting, and a slice that ended early, count as so many instructions of a run's budget. */
const COUNTED_AT_LEAST: i32 = 4096;

/** @param budget instructions after which to return, or before, so that the host can look around */
export function run(vpIndex: i32, budget: i32): i32 {
  if (vpIndex != 0) {
    exitPartition(HV_EXIT_MACHINE_FAULT, 2);
    return HV_VP_HALTED;
  }
  if (load<u32>(IS_SET_UP) == 0) {
    store<u32>(IS_SET_UP, 1);
    if (!setUp()) return halt();
  }
  // Devices are looked at after each slice: their interrupts are not to wait for 100 µs.
  for (let left = budget; left > 0; ) {
    if (++slices % SLICES_UNTIL_ARRIVALS == 0) idle(0);
    pollDevices();
    const ran = runProgram();
    if (ran == HART_EXIT) return halt();
    if (ran == HART_WAITING) wait();
    left -= max(ran, COUNTED_AT_LEAST);
  }
  consoleFlush();
  report(false);
  return HV_VP_YIELDED;
}

function setUp(): bool {
  if (!readBootArguments(BOOT_ARGUMENTS) || !connectMachine()) return false;
  openConsole(commandLineNames('console=hvc'));
  const memoryMib = bootArgumentNumber(BOOT_ARGUMENTS, 'memory', DEFAULT_MEMORY_MIB);
  if (memoryMib < 1 || memoryMib > MAX_RAM_BYTES >> 20) return bootFailure('memory is out of range');
  if (RAM_BASE + (memoryMib << 20) > (<u64>memory.size()) << 16) {
    return bootFailure('the partition has less memory than the machine is to have');
  }
  store<u32>(RAM_BYTES, <u32>(memoryMib << 20));
  clintReset();
  const isTranslator = bootArgumentIs(BOOT_ARGUMENTS, 'engine', 'translator');
  const heat = bootArgumentNumber(BOOT_ARGUMENTS, 'translate-from', HOT);
  store<u32>(TRANSLATING, isTranslator ? <u32>heat : 0);
  const units = bootArgumentNumber(BOOT_ARGUMENTS, 'translate-units', UNIT_LIMIT);
  store<u32>(UNIT_BUDGET, <u32>max<u64>(1, min<u64>(units, UNIT_LIMIT)));
  store<u32>(OBSERVED, bootArgumentIs(BOOT_ARGUMENTS, 'observe', '1') ? 1 : 0);
  setClock();
  return bootArgumentIs(BOOT_ARGUMENTS, 'mode', 'bare') ? bootBareMetal() : bootLinux();
}

/** Whether the kernel's command line contains `text`. */
function commandLineNames(text: string): bool {
  const line = findBootArgument(BOOT_ARGUMENTS, 'append');
  if (line == 0) return false;
  for (let at = line; load<u8>(at) != 0x0a && load<u8>(at) != 0; at++) {
    let i: i32 = 0;
    while (i < text.length && load<u8>(at + i) == <u8>text.charCodeAt(i)) i++;
    if (i == text.length) return true;
  }
  return false;
}

function pollDevices(): void {
  clintPoll();
  rtcPoll();
  if (takeChannelEvents(VMBUS_REGION) != 0) {
    while (takeControlMessage(VMBUS_REGION)) {}
  }
  pollVirtioDevices();
  if (isConsoleVirtio()) return;
  for (let room = uartRoom(); room > 0; room--) {
    const byte = consoleTake();
    if (byte < 0) break;
    uartReceive(<u8>byte);
  }
}

/** Sleeps until a timer is due or a channel has something. */
function wait(): void {
  consoleFlush();
  report(true);
  const deadline = min<u64>(nextTimerDeadline(), min<u64>(clintDeadline(), rtcDeadline()));
  idle(deadline == u64.MAX_VALUE ? Infinity : <f64>deadline);
}

function report(isIdle: bool): void {
  const retired = instructionsRetired();
  if (retired - load<u64>(REPORTED) < (isIdle ? 1_000_000 : REPORT_INTERVAL)) return;
  store<u64>(REPORTED, retired);
  reportInstructions(retired);
}

function halt(): i32 {
  finishBareMetal();
  consoleFlush();
  reportInstructions(instructionsRetired());
  if (exitReason() == u32.MAX_VALUE) endMachine(HV_EXIT_MACHINE_FAULT, 3);
  exitPartition(exitReason(), exitCode());
  return HV_VP_HALTED;
}
