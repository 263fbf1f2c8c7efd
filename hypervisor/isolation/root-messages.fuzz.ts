// Fuzz target `root-messages`: what the root partition process may say to the hypervisor, should a guest have taken it
// over. A message in shape has the fields of its kind and no more, with texts for people and numbers that are numbers.
import { brokeredLimitDefaults } from '../scheduler/limits.ts';
import type { FuzzRandom } from '../testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../testing/fuzz/fuzz-target.ts';
import { disturbedJson, jsonText } from '../testing/fuzz/json-text.ts';
import { parseRootMessage } from './root-messages.ts';

const messages = [
  { type: 'ready', walls: ['Landlock', 'seccomp'] },
  { type: 'connection-ended', partitionId: 7, reason: 'peer-closed', message: 'it closed' },
  { type: 'throttled', partitionId: 7, limit: 'messages', waitedMs: 3 },
  { type: 'reader-ended', partitionId: 7, readerId: 1, droppedBytes: 10 },
  { id: 1, ok: true },
  { id: 2, ok: true, statistics: { isConnected: 1, 'disk0.bytesRead': 512 } },
  { id: 3, ok: false, code: 'PORT_UNKNOWN', message: 'no connection 9' },
];
const words = [
  ...[
    'type',
    'id',
    'ok',
    'walls',
    'partitionId',
    'reason',
    'message',
    'limit',
    'code',
    'statistics',
    'readerId',
  ],
  ...['ready', 'throttled', 'messages', '__proto__', 'constructor', 'toString', 'then', '\u001b[2J', '\n'],
];
const fieldsOf: Record<string, string> = {
  ready: 'type walls',
  'connection-ended': 'message partitionId reason type',
  throttled: 'limit partitionId type waitedMs',
  'reader-ended': 'droppedBytes partitionId readerId type',
};
const answers = new Set(['id ok', 'id ok statistics', 'code id message ok']);

const isText = (value: unknown): boolean => typeof value === 'string' && /^[ -~]{0,1000}$/.test(value);
const isNumber = (value: unknown): boolean => typeof value === 'number' && value >= 0;

class RootMessageSession implements FuzzSession {
  readonly outcomes = { 'no message': 0, events: 0, answers: 0 };

  runCase(random: FuzzRandom): void {
    const text = random.oneIn(8)
      ? jsonText(random, words)
      : disturbedJson(random, random.pick(messages), words);
    if (random.isTraced) random.note(text);
    const message = parseRootMessage(JSON.parse(text));
    must(Object.keys(Object.prototype).length === 0, 'the prototype of all objects was written');
    if (message === undefined) {
      this.outcomes['no message']++;
      return;
    }
    const names = Object.keys(message).sort().join(' ');
    if ('type' in message) {
      must(names === fieldsOf[message.type], () => `${message.type} with ${names}`);
      this.outcomes.events++;
    } else {
      must(answers.has(names), () => `an answer with ${names}`);
      this.outcomes.answers++;
    }
    for (const [name, value] of Object.entries(message)) checkField(name, value);
  }
}

function checkField(name: string, value: unknown): void {
  switch (name) {
    case 'ok':
      must(typeof value === 'boolean', 'neither refused nor carried out');
      return;
    case 'walls':
      must(Array.isArray(value) && value.length <= 16 && value.every(isText), 'walls that are no texts');
      return;
    case 'statistics':
      for (const [counter, count] of Object.entries(value as object)) {
        must(isText(counter) && isNumber(count), () => `counter ${counter} of ${count}`);
      }
      return;
    case 'limit':
      must(Object.hasOwn(brokeredLimitDefaults, String(value)), () => `limit ${value}`);
      return;
    case 'type':
    case 'reason':
    case 'message':
    case 'code':
      must(isText(value), () => `${name} is ${typeof value}`);
      return;
    default:
      must(isNumber(value), () => `${name} is ${value}`);
  }
}

const FILE = 'hypervisor/isolation/root-messages.ts';

export const target: FuzzTarget = {
  name: 'root-messages',
  about: "The root partition process's answers and events: in the shape of their kind, or no message at all.",
  decoders: [FILE],
  casesInTests: 8000,
  plantedBugs: [
    {
      name: 'texts may move the cursor',
      file: FILE,
      from: ".replaceAll(/[^\\x20-\\x7e]/g, '?')",
      to: '',
      within: 50_000,
    },
    {
      name: 'a count may be anything',
      file: FILE,
      from: "(typeof value === 'number' && value >= 0 ? value : 0)",
      to: '(value as number)',
      within: 20_000,
    },
    {
      name: 'an id may be below 0',
      file: FILE,
      from: 'Number.isSafeInteger(value) && (value as number) >= 0',
      to: 'Number.isSafeInteger(value)',
      within: 50_000,
    },
  ],
  start: () => new RootMessageSession(),
};
