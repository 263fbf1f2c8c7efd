// The two ends of a covert channel, in a partition each. A console line is an order:
//
//   send CHANNEL START SLOT BITS      one bit a slot, from START on
//   receive CHANNEL START SLOT COUNT  a value a slot, as one line of numbers
//
// START is Unix time, SLOT a length, both in ticks of 100 ns; BITS are 0 and 1. The partitions share no clock but the
// root partition's wall time, which each asks for once. What a channel modulates says bench/covert/channels.ts.
import { bootArgumentNumber, readBootArguments } from '../../guests/lib/boot-arguments.ts';
import { consoleOpen, consoleRead, consoleWrite } from '../../guests/lib/console.ts';
import { idle, referenceTime } from '../../guests/lib/hv.ts';
import { postMessage } from '../../guests/lib/hypercalls.ts';
import { allocatePages } from '../../guests/lib/memory-pages.ts';
import { vmbusRegion } from '../../guests/lib/partition.ts';
import { PEER_SINT, releaseMessage } from '../../guests/lib/vmbus.ts';
import { openWallClock, wallTime } from '../../guests/lib/wall-clock.ts';
import { HV_VP_HALTED } from '../../hypervisor/abi/hypercalls.ts';
import { HV_MESSAGE_PAYLOAD_OFFSET, HV_MESSAGE_SIZE } from '../../hypervisor/abi/synic.ts';

const LINE_BYTES: u32 = 4096;
const MESSAGE_TYPE: u32 = 2;
const CACHE_LINE: u32 = 64;
/** What the receiver keeps in the caches, and what the sender drives it out with. */
const PROBE_BYTES: u32 = 256 * 1024;
const EVICT_BYTES: u32 = 32 * 1024 * 1024;
const NS_PER_TICK: u64 = 100;
/** 50 µs: a longer time between two readings of the clock was somebody else's. */
const GAP_TICKS: f64 = 500;
const SPIN_STEPS: u32 = 2000;
/** A second. */
const LATE_TICKS: f64 = 10_000_000;

let clock: usize = 0;
let connection: u32 = 0;
let page: usize = 0;
let probe: usize = 0;
let evict: usize = 0;
let sink: u32 = 1;

/** Reference time at which wall time is `wallTicks`. */
function atWallTime(wallTicks: u64): f64 {
  const now = wallTime(clock) / NS_PER_TICK;
  return referenceTime() + <f64>(<i64>(wallTicks - now));
}

function sleepUntil(time: f64): void {
  while (referenceTime() < time) idle(time);
}

/** Work in registers alone. */
function spin(): void {
  let value = sink;
  for (let i: u32 = 0; i < SPIN_STEPS; i++) value = value * 1664525 + 1013904223;
  sink = value;
}

function walk(from: usize, bytes: u32): void {
  let sum: u32 = 0;
  for (let at: u32 = 0; at < bytes; at += CACHE_LINE) sum += load<u32>(from + at);
  sink += sum;
}

function sendBit(channel: string, number: u32, isOne: bool, end: f64): void {
  if (channel == 'shared') {
    store<u32>(page, connection);
    store<u32>(page, 0, 4);
    store<u32>(page, MESSAGE_TYPE, 8);
    store<u32>(page, 8, 12);
    store<u64>(page, ((<u64>number) << 1) | (isOne ? 1 : 0), 16);
    postMessage(page);
  } else if (channel == 'cache') {
    // Zero and one load the processor alike; only one of them touches memory.
    let at: u32 = 0;
    while (referenceTime() < end) {
      if (isOne) walk(evict + at, PROBE_BYTES);
      else spin();
      at = (at + PROBE_BYTES) % EVICT_BYTES;
    }
  } else if (isOne) {
    while (referenceTime() < end) spin();
  }
  sleepUntil(end);
}

/** Takes the numbered bits that have come; whether the last one was among them. */
function takeMessages(values: StaticArray<f64>): bool {
  const slot = vmbusRegion() + PEER_SINT * HV_MESSAGE_SIZE;
  let isLast = false;
  while (atomic.load<u32>(slot) != 0) {
    const message = load<u64>(slot + HV_MESSAGE_PAYLOAD_OFFSET);
    const number = <i32>(message >> 1);
    if (number < values.length) values[number] = <f64>(message & 1);
    isLast = number == values.length - 1;
    releaseMessage(vmbusRegion(), PEER_SINT);
  }
  return isLast;
}

/** Bits that say themselves which slot they are of may be late. */
function receiveMessages(values: StaticArray<f64>, end: f64): void {
  values.fill(-1);
  while (!takeMessages(values) && referenceTime() < end) idle(end);
}

function receiveValue(channel: string, end: f64): f64 {
  let value: f64 = 0;
  let last = referenceTime();
  while (last < end) {
    if (channel == 'cache') walk(probe, PROBE_BYTES);
    else spin();
    const now = referenceTime();
    if (channel != 'steal') value += 1;
    else if (now - last > GAP_TICKS) value += now - last;
    last = now;
  }
  return value;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  page = allocatePages(1);
  clock = openWallClock();
  readBootArguments(page);
  connection = <u32>bootArgumentNumber(page, 'connection', 0);
  probe = allocatePages(PROBE_BYTES >> 12);
  evict = allocatePages(EVICT_BYTES >> 12);
  // Pages that nobody wrote share one page of zeros, which no cache is filled by.
  for (let at: u32 = 0; at < EVICT_BYTES; at += 4096) store<u32>(evict + at, at);
  for (let at: u32 = 0; at < PROBE_BYTES; at += 4096) store<u32>(probe + at, at);
  const line = heap.alloc(LINE_BYTES);
  consoleWrite(console, 'ready\n');
  while (true) {
    const length = consoleRead(console, line, LINE_BYTES);
    const words = String.UTF8.decodeUnsafe(line, length).trim().split(' ');
    if (words.length != 5) return HV_VP_HALTED;
    const channel = words[1];
    const slot = F64.parseInt(words[3]);
    const start = atWallTime(U64.parseInt(words[2]));
    const isSender = words[0] == 'send';
    const count = isSender ? words[4].length : <i32>I32.parseInt(words[4]);
    const values = new StaticArray<f64>(count);
    sleepUntil(start);
    if (!isSender && channel == 'shared') receiveMessages(values, start + slot * <f64>count + LATE_TICKS);
    for (let i = 0; i < count && (isSender || channel != 'shared'); i++) {
      const end = start + slot * <f64>(i + 1);
      if (isSender) sendBit(channel, i, words[4].charCodeAt(i) == 0x31, end);
      else values[i] = receiveValue(channel, end);
    }
    for (let i = 0; !isSender && i < count; i++) consoleWrite(console, `${<i64>values[i]} `);
    consoleWrite(console, 'done\n');
  }
}
