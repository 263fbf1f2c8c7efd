// The guest of the isolation benchmarks. Each console line is an order, a letter and numbers separated by spaces; it does
// that and answers with the letter, a check value and the ticks that it took.
//
//   h COUNT         HvNotifyLongSpinWait, fast: the shortest hypercall
//   m COUNT         HvGetVpRegisters of 12 registers: 64 bytes of input, 192 of output, both in memory
//   c COUNT         a clock request to the root partition and its answer
//   l COUNT         the same; answers with the 99th percentile of one round trip instead of the ticks of all
//   p COUNT         a SynIC message to the partner partition and its answer (boot argument connection=<id>)
//   r COUNT BYTES   reads of so many bytes from the volume disk0; bytes above a request's limit take several at a time
//   k ROUNDS        the compute kernel; the check value is its checksum
//   b               the compute kernel and hypercalls for ever, a budget at a time, without an answer
//   e               a loop without end and without hypercalls

import { bootArgumentIs, bootArgumentNumber, readBootArguments } from '../../guests/lib/boot-arguments.ts';
import { consoleOpen, consoleRead, consoleWrite } from '../../guests/lib/console.ts';
import { hypercall, idle, referenceTime } from '../../guests/lib/hv.ts';
import { postMessage } from '../../guests/lib/hypercalls.ts';
import { allocatePages } from '../../guests/lib/memory-pages.ts';
import { openService, vmbusRegion } from '../../guests/lib/partition.ts';
import { ringPayloadBytes, ringRead, ringRelease } from '../../guests/lib/ring.ts';
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
import { CHANNEL_SERVICE_CLOCK, CHANNEL_SERVICE_STORAGE } from '../../hypervisor/abi/channels/services.ts';
import {
  STORAGE_ANSWER_HEADER_BYTES,
  STORAGE_MAX_TRANSFER_BYTES,
  STORAGE_READ,
  STORAGE_REQUEST_HEADER_BYTES,
} from '../../hypervisor/abi/channels/storage.ts';
import {
  HV_HYPERCALL_FAST,
  HV_VP_YIELDED,
  HVCALL_GET_VP_REGISTERS,
  HVCALL_NOTIFY_LONG_SPIN_WAIT,
} from '../../hypervisor/abi/hypercalls.ts';
import {
  HV_MESSAGE_PAYLOAD_OFFSET,
  HV_MESSAGE_SIZE,
  HV_REGISTER_SINT0,
  HV_VP_INDEX_SELF,
} from '../../hypervisor/abi/synic.ts';
import { computeKernel } from './compute-kernel.ts';

const REGISTERS: u32 = 12;
const ECHO_TYPE: u32 = 2;
/** About a millisecond. */
const BUSY_ROUNDS: u32 = 10;
/** Room for the answers to a read of 1 MiB. */
const DISK_OUT_PAGES: u32 = 1;
const DISK_IN_PAGES: u32 = 264;
const MAX_READ_BYTES: u32 = 1 << 20;
const MAX_LATENCIES: u32 = 4096;

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

/** The 99th percentile of `count` clock requests in ticks; 0 when one of them went wrong. */
function slowTrip(count: u32, clock: usize, page: usize, latencies: StaticArray<f64>): u32 {
  const taken = min(count, MAX_LATENCIES);
  for (let i: u32 = 0; i < taken; i++) {
    const start = referenceTime();
    if (clockCalls(1, clock, page) != 1) return 0;
    // In order as they come: an insertion is nothing beside a round trip.
    const time = referenceTime() - start;
    let at: i32 = i;
    for (; at > 0 && latencies[at - 1] > time; at--) latencies[at] = latencies[at - 1];
    latencies[at] = time;
  }
  return <u32>latencies[(taken * 99) / 100];
}

/** Asks for `bytes` from the volume's start on, in as few requests as there may be; returns how many. */
function askForBytes(disk: usize, bytes: u32, page: usize): u32 {
  let requests: u32 = 0;
  for (let at: u32 = 0; at < bytes; at += STORAGE_MAX_TRANSFER_BYTES) {
    store<u64>(page, STORAGE_READ);
    store<u64>(page, at, 8);
    store<u64>(page, min(STORAGE_MAX_TRANSFER_BYTES, bytes - at), 16);
    channelQueue(disk, requests++, page, STORAGE_REQUEST_HEADER_BYTES);
  }
  channelKick(disk);
  return requests;
}

/** Reads `count` times; a read is good when every word that ends a page of it holds that page's number. */
function reads(count: u32, bytes: u32, disk: usize, page: usize, buffer: usize): u32 {
  const ring = channelIncomingRing(disk);
  const ringBytes = channelIncomingBytes(disk);
  let good: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    let wanted = bytes;
    for (let left = askForBytes(disk, bytes, page); left > 0; left--) {
      waitForPacket(disk);
      const payload = ringPayloadBytes(ring) - STORAGE_ANSWER_HEADER_BYTES;
      ringRead(ring, ringBytes, STORAGE_ANSWER_HEADER_BYTES, buffer, min(payload, MAX_READ_BYTES));
      ringRelease(ring, ringBytes);
      let at: u32 = 4096;
      const firstPage = load<u32>(buffer, 4092);
      while (at <= payload && load<u32>(buffer + at - 4) == firstPage + (at >> 12) - 1) at += 4096;
      if (at == payload + 4096 && firstPage < bytes >> 12) wanted -= payload;
    }
    if (wanted == 0) good++;
  }
  return good;
}

export function compute(rounds: u32): u32 {
  return computeKernel(rounds);
}

function loopForEver(page: usize): void {
  while (true) store<u32>(page, load<u32>(page) + 1);
}

/** Set by the order b: from then on a run is as long as its budget, so that the VP can be paused in between. */
let isBusy = false;

export function run(_vpIndex: i32, _budget: i32): i32 {
  if (isBusy) {
    computeKernel(BUSY_ROUNDS);
    shortCalls(1);
    return HV_VP_YIELDED;
  }
  const console = consoleOpen();
  consoleWrite(console, 'up\n');
  const page = allocatePages(2);
  readBootArguments(page);
  const connection = <u32>bootArgumentNumber(page, 'connection', 0);
  const isEcho = bootArgumentIs(page, 'role', 'echo');
  const clock = openService(CHANNEL_SERVICE_CLOCK, 'clock', 1, 1);
  const disk = openService(CHANNEL_SERVICE_STORAGE, 'disk0', DISK_OUT_PAGES, DISK_IN_PAGES);
  const buffer = disk == 0 ? 0 : allocatePages(MAX_READ_BYTES >> 12);
  const latencies = new StaticArray<f64>(MAX_LATENCIES);
  consoleWrite(console, 'ready\n');
  while (isEcho) post(page, connection, take());
  const line = heap.alloc(64);
  while (true) {
    const length = consoleRead(console, line, 63);
    const words = String.UTF8.decodeUnsafe(line, length).trim().split(' ');
    const letter = words[0];
    const count = words.length > 1 ? <u32>I32.parseInt(words[1]) : 0;
    const bytes = words.length > 2 ? <u32>I32.parseInt(words[2]) : 0;
    const start = referenceTime();
    let check: u32 = 0;
    if (letter == 'h') check = shortCalls(count);
    else if (letter == 'm') check = memoryCalls(count, page);
    else if (letter == 'c') check = clockCalls(count, clock, page);
    else if (letter == 'p') check = messages(count, connection, page);
    else if (letter == 'r') check = reads(count, bytes, disk, page, buffer);
    else if (letter == 'k') check = compute(count);
    else if (letter == 'e') loopForEver(page);
    else if (letter == 'b') {
      isBusy = true;
      return HV_VP_YIELDED;
    }
    const ticks = letter == 'l' ? slowTrip(count, clock, page, latencies) : <u32>(referenceTime() - start);
    consoleWrite(console, `${letter} ${letter == 'l' && ticks > 0 ? count : check} ${ticks}\n`);
  }
}
