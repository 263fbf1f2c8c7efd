// The two ends of a covert channel by the root partition's time, in a partition each. Boot arguments:
//
//   role=send bits=N key=K start=SECOND secret=N   sends the secret's bits, FRAMES times
//   role=receive bits=N key=K start=SECOND         reads them, and says what most frames said
//
// A bit is two slots, in one of which the sender keeps the root partition busy: which one for a 1, a sequence decides that
// follows from the key. So what others do counts little. Both ends begin at a second of Unix time, which they find by asking:
// a coarse clock ticks then, too.

import { CLOCK_GET_TIME, CLOCK_REQUEST_BYTES } from '../../../hypervisor/abi/channels/clock.ts';
import { HV_EXIT_POWER_OFF, HV_VP_HALTED } from '../../../hypervisor/abi/hypercalls.ts';
import { bootArgumentIs, bootArgumentNumber, readBootArguments } from '../../lib/boot-arguments.ts';
import { consoleOpen, consoleWrite } from '../../lib/console.ts';
import { idle, referenceTime } from '../../lib/hv.ts';
import { exitPartition } from '../../lib/hypercalls.ts';
import { allocatePages } from '../../lib/memory-pages.ts';
import { ringRelease } from '../../lib/ring.ts';
import {
  channelIncomingBytes,
  channelIncomingRing,
  channelKick,
  channelQueue,
  waitForPacket,
} from '../../lib/vmbus.ts';
import { openWallClock, wallTime } from '../../lib/wall-clock.ts';

const TICKS_PER_MS: f64 = 10_000;
const TICKS_PER_S: f64 = 1000 * TICKS_PER_MS;
const NS_PER_S: u64 = 1_000_000_000;
const SLOT_TICKS: f64 = 20 * TICKS_PER_MS;
const FRAMES: u32 = 13;
/** Requests at a time: the answers to two such fit into a ring of a page. */
const BURST: u32 = 32;
let clock: usize = 0;
const request: usize = memory.data(8);

function ask(): void {
  for (let i: u32 = 0; i < BURST; i++) channelQueue(clock, i, request, CLOCK_REQUEST_BYTES);
  channelKick(clock);
}

function takeAnswers(): void {
  for (let i: u32 = 0; i < BURST; i++) {
    waitForPacket(clock);
    ringRelease(channelIncomingRing(clock), channelIncomingBytes(clock));
  }
}

/** Keeps the root partition busy: while answers are taken it has more to work on. */
function floodUntil(end: f64): void {
  store<u64>(request, CLOCK_GET_TIME);
  ask();
  while (referenceTime() < end) {
    ask();
    takeAnswers();
  }
  takeAnswers();
}

/**
 * Waits for a second of Unix time; the reference time then, or -1 when it was too late. Whoever is kept from the processor
 * while a second begins sees it late: the one that was seen best counts.
 */
function awaitSecond(second: u64): f64 {
  clock = openWallClock();
  let last = wallTime(clock) / NS_PER_S;
  let before = referenceTime();
  let begin: f64 = -1;
  for (let bestTicks: f64 = Infinity; last < second; ) {
    const now = wallTime(clock) / NS_PER_S;
    const after = referenceTime();
    if (now != last && after - before < bestTicks) {
      bestTicks = after - before;
      begin = after + <f64>(second - now) * TICKS_PER_S;
    }
    last = now;
    before = after;
  }
  return begin;
}

function sleepUntil(time: f64): void {
  while (referenceTime() < time) idle(time);
}

/** Whether a 1 is busy in its first slot, for each bit in turn. */
class Code {
  constructor(private state: u32) {}

  next(): bool {
    this.state = this.state * 1664525 + 1013904223;
    return this.state >>> 31 == 1;
  }
}

function send(begin: f64, bits: u32, code: Code, secret: u32): void {
  for (let sent: u32 = 0; sent < bits * FRAMES; sent++) {
    const isOne = ((secret >>> (sent % bits)) & 1) == 1;
    const isFirst = isOne == code.next();
    for (let slot: u32 = 0; slot < 2; slot++) {
      const end = begin + <f64>(2 * sent + slot + 1) * SLOT_TICKS;
      if ((slot == 0) == isFirst) floodUntil(end);
      sleepUntil(end);
    }
  }
}

/** How often it is answered until `end`. */
function answersUntil(end: f64): i32 {
  let answers: i32 = 0;
  for (; referenceTime() < end; answers++) wallTime(clock);
  return answers;
}

function receive(begin: f64, bits: u32, code: Code): u32 {
  const votes = new StaticArray<i32>(<i32>bits);
  for (let sent: u32 = 0; sent < bits * FRAMES; sent++) {
    const middle = begin + <f64>(2 * sent + 1) * SLOT_TICKS;
    const first = answersUntil(middle);
    const second = answersUntil(middle + SLOT_TICKS);
    // Not by how much: a slot in which this end did not run would outweigh all others.
    votes[sent % bits] += code.next() == second > first ? 1 : -1;
  }
  let secret: u32 = 0;
  for (let bit: u32 = 0; bit < bits; bit++) if (votes[bit] > 0) secret |= 1 << bit;
  return secret;
}

export function run(_vpIndex: i32, _budget: i32): i32 {
  const console = consoleOpen();
  const page = allocatePages(1);
  readBootArguments(page);
  const bits = <u32>bootArgumentNumber(page, 'bits', 0);
  const code = new Code(<u32>bootArgumentNumber(page, 'key', 0));
  const begin = awaitSecond(bootArgumentNumber(page, 'start', 0));
  if (begin < 0) consoleWrite(console, 'too late\n');
  else if (!bootArgumentIs(page, 'role', 'send'))
    consoleWrite(console, `received ${receive(begin, bits, code)}\n`);
  else send(begin, bits, code, <u32>bootArgumentNumber(page, 'secret', 0));
  exitPartition(HV_EXIT_POWER_OFF, 0);
  return HV_VP_HALTED;
}
