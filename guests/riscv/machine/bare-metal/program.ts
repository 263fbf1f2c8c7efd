// Bare-metal programs: an ELF file entered in M mode at its entry point, ended by HTIF, a limit or the finisher; at
// its end the memory between begin_signature and end_signature goes to the stream "signature".
//
//   MACHINE_STATE  +0x40 fromhost (htif.ts) | +0x48 signature begin, end u64 | +0x58 granularity | +0x5c is bare metal
//                  +0x60 most instructions u64 | +0x68 trace stream | +0x6c signature stream
import { HV_EXIT_LIMIT_REACHED } from '../../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentIs, bootArgumentNumber } from '../../../lib/boot-arguments.ts';
import { bootFailure } from '../boot/boot-failure.ts';
import { openVolume, readVolume, volumeBytes } from '../boot/volume-reader.ts';
import { BOOT_ARGUMENTS, MACHINE_STATE } from '../devices/device-memory.ts';
import {
  HART_EXIT,
  HART_WAITING,
  hartReset,
  hartSlice,
  hartStep,
  hartWaits,
  instructionsRetired,
  ramPointer,
} from '../hart/hart.ts';
import { sliceLength } from '../hart/slices.ts';
import { EXIT_REASON, HTIF_TOHOST, RAM_BYTES, WAITING } from '../hart/state.ts';
import { endMachine } from '../machine-exit.ts';
import { RAM_BASE } from '../memory/layout.ts';
import { attachVirtioDevices } from '../virtio/devices.ts';
import { elfEntry, elfSymbol, isElf, loadElf } from './elf.ts';
import { HTIF_FROMHOST } from './htif.ts';
import { openStream, streamFlush, streamHex, streamPut } from './output-stream.ts';
import { traceLine } from './trace.ts';

const SIGNATURE_BEGIN: usize = MACHINE_STATE + 0x48;
const SIGNATURE_END: usize = MACHINE_STATE + 0x50;
const GRANULARITY: usize = MACHINE_STATE + 0x58;
const IS_BARE: usize = MACHINE_STATE + 0x5c;
const MAX_INSTRUCTIONS: usize = MACHINE_STATE + 0x60;
const TRACE_STREAM: usize = MACHINE_STATE + 0x68;
const SIGNATURE_STREAM: usize = MACHINE_STATE + 0x6c;

const MODE_MACHINE: u32 = 3;
const DEFAULT_GRANULARITY: u64 = 4;
/** hartSlice looks at its budget where control is transferred and at the end of a page: it may run that much longer. */
const OVERRUN: u64 = 4096;

/** Loads the program and sets the hart to its entry; false after saying what is wrong. */
export function bootBareMetal(): bool {
  const volume = openVolume('kernel');
  if (volume == 0) return bootFailure('no program was given');
  const bytes = volumeBytes(volume);
  const ramBytes = load<u32>(RAM_BYTES);
  if (bytes == 0 || bytes > ramBytes / 2)
    return bootFailure('the program does not fit into half of the memory');
  // The file waits at the top of RAM while its segments are copied; afterwards that memory is as if untouched.
  const file = (RAM_BASE + ramBytes - <usize>bytes) & ~0xfff;
  if (!readVolume(volume, 0, <u32>bytes, file)) return bootFailure('the program could not be read');
  if (!isElf(file, <u32>bytes)) return bootFailure('the program is not a little-endian RISC-V ELF64 file');
  const problem = loadElf(file, <u32>bytes, file);
  if (problem.length > 0) return bootFailure(problem);
  store<u64>(HTIF_TOHOST, elfSymbol(file, <u32>bytes, 'tohost'));
  store<u64>(HTIF_FROMHOST, elfSymbol(file, <u32>bytes, 'fromhost'));
  store<u64>(SIGNATURE_BEGIN, elfSymbol(file, <u32>bytes, 'begin_signature'));
  store<u64>(SIGNATURE_END, elfSymbol(file, <u32>bytes, 'end_signature'));
  const entry = elfEntry(file);
  memory.fill(file, 0, <usize>bytes);
  store<u32>(IS_BARE, 1);
  store<u32>(
    GRANULARITY,
    <u32>bootArgumentNumber(BOOT_ARGUMENTS, 'signature-granularity', DEFAULT_GRANULARITY),
  );
  store<u64>(MAX_INSTRUCTIONS, bootArgumentNumber(BOOT_ARGUMENTS, 'max-instructions', u64.MAX_VALUE));
  if (bootArgumentIs(BOOT_ARGUMENTS, 'trace', '1')) {
    store<u32>(TRACE_STREAM, <u32>openStream('trace'));
  }
  store<u32>(SIGNATURE_STREAM, <u32>openStream('signature'));
  if (load<u32>(SIGNATURE_STREAM) != 0 && signatureAt() == 0)
    return bootFailure('a signature is asked for, but begin_signature and end_signature name no memory');
  attachVirtioDevices(false);
  hartReset(entry, 0, 0, MODE_MACHINE);
  return true;
}

function isTracing(): bool {
  return load<u32>(TRACE_STREAM) != 0;
}

/** Runs a slice, but of bare-metal programs not more than they may; returns like hartSlice. */
export function runProgram(): i32 {
  if (load<u32>(IS_BARE) == 0) return hartSlice(i32.MAX_VALUE);
  const left = load<u64>(MAX_INSTRUCTIONS) - instructionsRetired();
  if (left == 0) {
    endMachine(HV_EXIT_LIMIT_REACHED, 0);
    return HART_EXIT;
  }
  if (isTracing() || left <= OVERRUN) return stepProgram(<i32>min<u64>(left, <u64>sliceLength()));
  return hartSlice(<i32>min<u64>(left - OVERRUN, i32.MAX_VALUE));
}

/** Runs `count` instructions one by one, traps included, with a line for each when the run is traced. */
function stepProgram(count: i32): i32 {
  const stream = <usize>load<u32>(TRACE_STREAM);
  for (let i = 0; i < count; i++) {
    if (load<u32>(EXIT_REASON) != 0) return HART_EXIT;
    if (hartWaits()) return i > 0 ? i : HART_WAITING;
    hartStep();
    if (stream != 0) traceLine(stream);
  }
  return count;
}

/** Where the memory between the signature's symbols is, 0 when they name none. */
function signatureAt(): usize {
  const begin = load<u64>(SIGNATURE_BEGIN);
  const end = load<u64>(SIGNATURE_END);
  if (begin == 0 || end <= begin || end - begin > <u64>load<u32>(RAM_BYTES)) return 0;
  return ramPointer(begin, <u32>(end - begin));
}

/** Writes the signature and what is left of the trace. */
export function finishBareMetal(): void {
  if (load<u32>(IS_BARE) == 0) return;
  if (isTracing()) streamFlush(<usize>load<u32>(TRACE_STREAM));
  const stream = <usize>load<u32>(SIGNATURE_STREAM);
  const memoryAt = signatureAt();
  if (stream == 0 || memoryAt == 0) return;
  const bytes = <u32>(load<u64>(SIGNATURE_END) - load<u64>(SIGNATURE_BEGIN));
  const width = load<u32>(GRANULARITY) == 8 ? 8 : 4;
  for (let at: u32 = 0; at + width <= bytes; at += width) {
    const word = width == 8 ? load<u64>(memoryAt + at) : <u64>load<u32>(memoryAt + at);
    streamHex(stream, word, width * 2);
    streamPut(stream, 0x0a);
  }
  streamFlush(stream);
}
