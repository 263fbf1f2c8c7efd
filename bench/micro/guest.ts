// The guest of the dispatch benchmark. Each console line is an order, one letter and a count; it makes that many calls
// and answers with the letter, a check value and the ticks that they took.
//
//   h  HvNotifyLongSpinWait, fast: the shortest hypercall
//   m  HvGetVpRegisters of 12 registers: 64 bytes of input, 192 of output, both in memory
//   c  a clock request to the root partition and its answer
//   p  a SynIC message to the partner partition and its answer (boot argument connection=<id>)

import { bootArgumentIs, bootArgumentNumber, readBootArguments } from '../../guests/lib/boot-arguments.ts';
import { consoleOpen, consoleRead, consoleWrite } from '../../guests/lib/console.ts';
import { hypercall, idle, referenceTime } from '../../guests/lib/hv.ts';
import { postMessage } from '../../guests/lib/hypercalls.ts';
import { allocatePages } from '../../guests/lib/memory-pages.ts';
import { openService, vmbusRegion } from '../../guests/lib/partition.ts';
import { ringPayloadBytes, ringRelease } from '../../guests/lib/ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  PEER_SINT,
  releaseMessage,
  waitForPacket,
} from '../../guests/lib/vmbus.ts';
import { CLOCK_GET_TIME, CLOCK_REQUEST_BYTES } from '../../hypervisor/abi/channels/clock.ts';
import { CHANNEL_SERVICE_CLOCK } from '../../hypervisor/abi/channels/services.ts';
import {
  HV_HYPERCALL_FAST,
  HV_VP_HALTED,
  HVCALL_GET_VP_REGISTERS,
  HVCALL_NOTIFY_LONG_SPIN_WAIT,
} from '../../hypervisor/abi/hypercalls.ts';
import {
  HV_MESSAGE_PAYLOAD_OFFSET,
  HV_MESSAGE_SIZE,
  HV_REGISTER_SINT0,
  HV_VP_INDEX_SELF,
} from '../../hypervisor/abi/synic.ts';

const REGISTERS: u32 = 12;
const ECHO_TYPE: u32 = 2;

/** Every function returns how many calls went as they should. */
function shortCalls(count: u32): u32 {
  let good: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (hypercall(HVCALL_NOTIFY_LONG_SPIN_WAIT | HV_HYPERCALL_FAST, 0, 0, 0, 0, 0) == 0) good++;
  }
  return good;
}

function memoryCalls(count: u32, page: usize): u32 {
  store<i64>(page, -1);
  store<u32>(page, HV_VP_INDEX_SELF, 8);
  store<u32>(page, 0, 12);
  for (let i: u32 = 0; i < REGISTERS; i++) store<u32>(page + 16 + ((<usize>i) << 2), HV_REGISTER_SINT0 + i);
  let good: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const result = hypercall(HVCALL_GET_VP_REGISTERS, REGISTERS, <u32>page, 0, <u32>page + 1024, 0);
    if (result == REGISTERS << 16) good++;
  }
  return good;
}

function clockCalls(count: u32, clock: usize, page: usize): u32 {
  store<u64>(page, CLOCK_GET_TIME);
  let good: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    channelQueue(clock, i, page, CLOCK_REQUEST_BYTES);
    channelKick(clock);
    waitForPacket(clock);
    if (ringPayloadBytes(channelIncomingRing(clock)) == 16) good++;
    ringRelease(channelIncomingRing(clock), channelIncomingBytes(clock));
  }
  return good;
}

function post(page: usize, connection: u32, number: u64): void {
  store<u32>(page, connection);
  store<u32>(page, 0, 4);
  store<u32>(page, ECHO_TYPE, 8);
  store<u32>(page, 8, 12);
  store<u64>(page, number, 16);
  postMessage(page);
}

function take(): u64 {
  const slot = vmbusRegion() + PEER_SINT * HV_MESSAGE_SIZE;
  while (atomic.load<u32>(slot) == 0) idle(Infinity);
  const number = load<u64>(slot + HV_MESSAGE_PAYLOAD_OFFSET);
  releaseMessage(vmbusRegion(), PEER_SINT);
  return number;
}

function messages(count: u32, connection: u32, page: usize): u32 {
  let good: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    post(page, connection, i);
    if (take() == i) good++;
  }
  return good;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(2);
  readBootArguments(page);
  const connection = <u32>bootArgumentNumber(page, 'connection', 0);
  const isEcho = bootArgumentIs(page, 'role', 'echo');
  const clock = openService(CHANNEL_SERVICE_CLOCK, 'clock', 1, 1);
  consoleWrite(console, 'ready\n');
  while (isEcho) post(page, connection, take());
  const line = heap.alloc(64);
  while (true) {
    const length = consoleRead(console, line, 63);
    if (length < 2) continue;
    const letter = load<u8>(line);
    if (letter == 0x71) return HV_VP_HALTED;
    const count = <u32>I32.parseInt(String.UTF8.decodeUnsafe(line + 1, length - 1));
    const start = referenceTime();
    let good: u32 = 0;
    if (letter == 0x68) good = shortCalls(count);
    else if (letter == 0x6d) good = memoryCalls(count, page);
    else if (letter == 0x63) good = clockCalls(count, clock, page);
    else if (letter == 0x70) good = messages(count, connection, page);
    const ticks = <i64>(referenceTime() - start);
    consoleWrite(console, `${String.fromCharCode(letter)} ${good} ${ticks}\n`);
  }
}
