// Fuzz target `control-stream`: what a partition process may write to the hypervisor's control stream, cut anywhere, and
// what is made of the events in it.

import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import { disturbedJson, jsonText } from '../testing/fuzz/json-text.ts';
import { counterNames } from '../virtual-processor/control-block.ts';
import { checkedCounters, checkedExit } from './control-events.ts';
import { ControlReader, ControlStreamError } from './control-stream.ts';

const HEADER = 5;
const MAX_JSON_BYTES = 65_536;
const kinds = new Set(['exited', 'stopped', 'trapped', 'disconnected', 'killed']);
const words = [
  ...['type', 'ready', 'exit', 'refused', 'paused', 'counters', 'walls', 'message', 'reason', 'code', 'kind'],
  ...[
    'exited',
    'stopped',
    'trapped',
    'disconnected',
    'isPaused',
    'hypercalls',
    'instructionsLo',
    '__proto__',
  ],
  ...['constructor', 'toString', 'valueOf', 'toJSON', 'then', '\u001b[2J', '\ud800'],
];

const counters = Object.fromEntries(counterNames.map((name, index) => [name, index]));
const genuine = [
  { type: 'ready', walls: ['a', 'b'] },
  { type: 'exit', exit: { kind: 'exited', reason: 1, code: 2 }, counters },
  { type: 'exit', exit: { kind: 'trapped', message: 'unreachable' }, counters },
  { type: 'exit', exit: { kind: 'disconnected', message: 'gone' }, counters },
  { type: 'refused', message: 'no module' },
  { type: 'paused', isPaused: true },
  { type: 'refused-code', counters, reason: 'an opcode' },
];

const isU32 = (value: unknown): boolean => Number.isInteger(value) && (value as number) >>> 0 === value;

class ControlSession implements FuzzSession {
  readonly outcomes = { read: 0, unfinished: 0, malformed: 0, 'strange ends': 0, ends: 0 };

  runCase(random: FuzzRandom): void {
    const messages = Array.from({ length: 1 + random.below(3) }, () => this.#message(random));
    const stream = Buffer.concat(messages);
    const isCut = random.below(4) === 3;
    const sent = isCut ? stream.subarray(0, random.below(stream.length + 1)) : stream;
    const expected = readWhole(sent);
    const received: unknown[] = [];
    const reader = new ControlReader((message) => received.push(message));
    let isRefused = false;
    try {
      for (let at = 0; at < sent.length; ) {
        const length = 1 + random.below(random.below(2) === 0 ? 8 : 4000);
        reader.push(sent.subarray(at, at + length));
        at += length;
      }
    } catch (error) {
      if (!(error instanceof ControlStreamError)) throw error;
      isRefused = true;
    }
    if (random.isTraced) random.note(`stream ${JSON.stringify(sent.toString('latin1').slice(0, 2000))}`);
    must(
      isRefused === expected.isMalformed,
      isRefused ? 'a good stream was refused' : 'a malformed one was taken',
    );
    must(JSON.stringify(received) === JSON.stringify(expected.values), 'other messages than were sent');
    for (const message of received) this.#takeEvent(message);
    this.outcomes[isRefused ? 'malformed' : expected.isWhole ? 'read' : 'unfinished']++;
  }

  #message(random: FuzzRandom): Buffer {
    const kind = random.below(8);
    const text = kind < 6 ? disturbedJson(random, random.pick(genuine), words) : jsonText(random, words);
    const body = kind === 7 ? Buffer.from(random.bytes(40)) : Buffer.from(text);
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(random.below(12) === 11 ? random.word() : body.length);
    header[4] = random.below(12) === 11 ? random.below(256) : 1;
    return Buffer.concat([header, body]);
  }

  /** What the hypervisor makes of an event's parts, whatever they are. */
  #takeEvent(message: unknown): void {
    const fields = (message ?? {}) as Record<string, unknown>;
    for (const part of [message, ...Object.values(fields)]) {
      const exit = checkedExit(part);
      must(kinds.has(exit.kind), () => `an end of kind ${String(exit.kind)}`);
      if (exit.kind === 'exited') must(isU32(exit.reason) && isU32(exit.code), 'an end that is no number');
      if ('message' in exit)
        must(typeof exit.message === 'string' && exit.message.length <= 1000, 'an endless message');
      this.outcomes[exit.kind === 'killed' ? 'strange ends' : 'ends']++;
      const counters = checkedCounters(part);
      must(Object.keys(counters).join() === counterNames.join(), 'other counters than there are');
      must(Object.values(counters).every(isU32), 'a counter that is no number');
    }
    must(Object.keys(Object.prototype).length === 0, 'the prototype of all objects was written');
  }
}

/** The messages of a stream that is there at once. */
function readWhole(stream: Buffer): { values: unknown[]; isMalformed: boolean; isWhole: boolean } {
  const values: unknown[] = [];
  for (let at = 0; ; ) {
    if (stream.length - at < HEADER) return { values, isMalformed: false, isWhole: at === stream.length };
    const length = stream.readUInt32LE(at);
    if (stream[at + 4] !== 1 || length > MAX_JSON_BYTES) return { values, isMalformed: true, isWhole: false };
    if (stream.length - at - HEADER < length) return { values, isMalformed: false, isWhole: false };
    try {
      values.push(JSON.parse(stream.toString('utf8', at + HEADER, at + HEADER + length)));
    } catch {
      return { values, isMalformed: true, isWhole: false };
    }
    at += HEADER + length;
  }
}

export const target: FuzzTarget = {
  name: 'control-stream',
  about:
    "A partition process's word on its control stream: whole messages or a refusal; ends and counters in shape.",
  decoders: ['hypervisor/isolation/control-stream.ts', 'hypervisor/isolation/control-events.ts'],
  casesInTests: 5_000,
  plantedBugs: [
    {
      name: 'a message may have any length',
      file: 'hypervisor/isolation/control-stream.ts',
      from: 'if (length > limit)',
      to: 'if (length > 2 ** 33)',
      within: 20_000,
    },
    {
      name: 'a module is taken from a partition process',
      file: 'hypervisor/isolation/control-stream.ts',
      from: 'type === TYPE_MODULE && this.#acceptsModules',
      to: 'type === TYPE_MODULE',
      within: 50_000,
    },
    {
      name: 'a message is made of whatever came',
      file: 'hypervisor/isolation/control-events.ts',
      from: "(typeof value === 'string' ? value.slice(0, MAX_MESSAGE) : '')",
      to: 'String(value)',
      within: 50_000,
    },
    {
      name: 'a counter is whatever came',
      file: 'hypervisor/isolation/control-events.ts',
      from: "(typeof value === 'number' ? value >>> 0 : 0)",
      to: '(Number(value) || 0)',
      within: 20_000,
    },
  ],
  start: () => new ControlSession(),
};
