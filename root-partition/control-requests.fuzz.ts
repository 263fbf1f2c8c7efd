// Fuzz target `control-requests`: what the hypervisor may ask of the root partition, nearly right and wild. A request that
// is taken has the shape that its type says, to the last field; files are found in whatever came.

import { brokeredLimitDefaults } from '../hypervisor/scheduler/limits.ts';
import type { FuzzRandom } from '../hypervisor/testing/fuzz/fuzz-random.ts';
import { type FuzzSession, type FuzzTarget, must } from '../hypervisor/testing/fuzz/fuzz-target.ts';
import { disturbedJson, jsonText } from '../hypervisor/testing/fuzz/json-text.ts';
import { ControlError, filesOf, parseRootRequest } from './control-requests.ts';
import { RootPartition } from './root-partition.ts';

/** Right, or nearly. */
const requests = [
  {
    type: 'connect',
    id: 1,
    partitionId: 7,
    name: 'a partition',
    socket: 1,
    limits: { messages: 1, ioOperations: 200, ioBytes: 2 ** 31, consoleBytes: 4, logBytes: 2 ** 48 },
    channels: [
      { service: 'console', label: 'console', scrollBackBytes: 4096 },
      { service: 'sink', label: 'trace', file: 2, maxBytes: 10 },
      { service: 'storage', label: 'disk0', volume: { kind: 'raw', file: 3, isReadOnly: true } },
      {
        service: 'storage',
        label: 'disk1',
        volume: { kind: 'overlay', base: 4, overlay: 5, maxBytes: 100_000 },
      },
      { service: 'storage', label: 'disk2', volume: { kind: 'scratch', capacityBytes: 1024 } },
      { service: 'entropy', label: 'entropy', bytesPerSecond: 10, burstBytes: 4096 },
      { service: 'clock', label: 'clock', granularityNs: 100 },
    ],
  },
  {
    type: 'connect',
    id: 1,
    partitionId: 7,
    name: 'one label too few',
    socket: 1,
    channels: [
      { service: 'entropy', label: 'disk0' },
      { service: 'clock', label: 'disk0' },
    ],
  },
  { type: 'reconnect', id: 2, partitionId: 7, socket: 1 },
  { type: 'attach-console', id: 3, partitionId: 7, readerId: 1, socket: 1 },
  { type: 'resize', id: 4, partitionId: 7, columns: 80, rows: 24 },
  { type: 'connect-ports', id: 5, fromPartition: 7, connectionId: 0x2000, toPartition: 8, sint: 3 },
  { type: 'disconnect-ports', id: 6, fromPartition: 7, connectionId: 0x2000 },
  { type: 'statistics', id: 7, partitionId: 7 },
  { type: 'release', id: 8, partitionId: 7 },
];
const words = [
  ...[
    'type',
    'id',
    'service',
    'label',
    'volume',
    'kind',
    'channels',
    'socket',
    'file',
    'base',
    'raw',
    'overlay',
  ],
  ...[
    'scratch',
    'console',
    'sink',
    'storage',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'connect',
    'shutdown',
  ],
  ...['disk0', 'disk1', 'disk2', 'trace', 'entropy', 'clock'],
];
/** Fields of whatever a request may hold; more is too many. */
const fieldsOf: Record<string, string[]> = {
  connect: ['channels', 'id', 'limits', 'name', 'partitionId', 'socket', 'type'],
  console: ['label', 'scrollBackBytes', 'service'],
  sink: ['file', 'label', 'maxBytes', 'service'],
  storage: ['label', 'service', 'volume'],
  entropy: ['burstBytes', 'bytesPerSecond', 'label', 'service'],
  clock: ['granularityNs', 'label', 'service'],
  raw: ['file', 'isReadOnly', 'kind'],
  overlay: ['base', 'kind', 'maxBytes', 'overlay'],
  scratch: ['capacityBytes', 'kind'],
};

class RequestSession implements FuzzSession {
  readonly outcomes = { taken: 0, refused: 0, answered: 0 };
  readonly #root = new RootPartition({ take: () => undefined }, () => {});

  async runCase(random: FuzzRandom): Promise<void> {
    const text = random.oneIn(8)
      ? jsonText(random, words)
      : disturbedJson(random, random.pick(requests), words);
    if (random.isTraced) random.note(text);
    const message: unknown = JSON.parse(text);
    const files = filesOf(message);
    must(
      files.every((file) => Number.isInteger(file) && file >= 0),
      () => `files ${files}`,
    );
    if (this.#parses(message)) {
      checkShape(message as Fields);
      this.outcomes.taken++;
    } else this.outcomes.refused++;
    if (!random.oneIn(4)) return;
    // No descriptor was handed over, so nothing can come of it but an answer.
    const answer = await this.#root.handle(message);
    must(typeof answer.ok === 'boolean' && typeof answer.id === 'number', 'there was no answer');
    this.outcomes.answered++;
  }

  #parses(message: unknown): boolean {
    try {
      parseRootRequest(message);
      return true;
    } catch (error) {
      must(error instanceof ControlError, () => `threw ${error}`);
      must(error.message.length < 1000, () => `a message of ${error.message.length} characters`);
      return false;
    }
  }
}

type Fields = Record<string, unknown>;

function checkShape(request: Fields): void {
  const isWord = (value: unknown): boolean => Number.isInteger(value) && (value as number) >>> 0 === value;
  const only = (fields: Fields, kind: unknown): void => {
    const known = fieldsOf[String(kind)] ?? [];
    const more = Object.keys(fields).filter((name) => !known.includes(name));
    must(more.length === 0, () => `${kind} with ${more}`);
  };
  if (request['type'] !== 'connect') return;
  only(request, 'connect');
  must(
    isWord(request['partitionId']) && isWord(request['socket']),
    'a connection without partition or socket',
  );
  for (const [name, limit] of Object.entries((request['limits'] ?? {}) as Fields)) {
    const isRight =
      Object.hasOwn(brokeredLimitDefaults, name) && Number.isSafeInteger(limit) && (limit as number) > 0;
    must(isRight, () => `limit ${name} of ${limit}`);
  }
  const labels = new Set<unknown>();
  for (const channel of request['channels'] as Fields[]) {
    only(channel, channel['service']);
    must(/^[a-z0-9-]{1,31}$/.test(String(channel['label'])), () => `label ${channel['label']}`);
    labels.add(channel['label']);
    if (channel['service'] === 'sink') must(isWord(channel['file']), 'a sink without a file');
    if (channel['service'] !== 'storage') continue;
    const volume = channel['volume'] as Fields;
    only(volume, volume['kind']);
    if (volume['kind'] === 'raw') must(isWord(volume['file']), 'a disk without a file');
    if (volume['kind'] === 'overlay')
      must(isWord(volume['base']) && isWord(volume['overlay']), 'an overlay of nothing');
    if (volume['kind'] === 'scratch')
      must((volume['capacityBytes'] as number) <= 2 ** 30, 'too large a disk');
  }
  must(labels.size === (request['channels'] as Fields[]).length, 'two channels with one label');
}

const FILE = 'root-partition/control-requests.ts';

export const target: FuzzTarget = {
  name: 'control-requests',
  about:
    "The hypervisor's requests to the root partition: taken in the shape of their type, else refused; answered always.",
  decoders: [FILE, 'root-partition/root-partition.ts'],
  casesInTests: 20_000,
  plantedBugs: [
    {
      name: 'fields too many are passed over',
      file: FILE,
      from: 'return wrong ?? Object.keys(fields).find((name) => !Object.hasOwn(shape, name));',
      to: 'return wrong;',
      within: 20_000,
    },
    {
      name: 'labels may occur twice',
      file: FILE,
      from: '.size === value.length',
      to: '.size > 0',
      within: 50_000,
    },
    {
      name: 'a number of a file may be anything',
      file: FILE,
      from: 'const u32 = whole(0, 0xffff_ffff);',
      to: "const u32: Rule = (value) => typeof value === 'number';",
      within: 20_000,
    },
  ],
  start: () => new RequestSession(),
};
