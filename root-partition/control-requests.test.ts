// Control requests: checked field by field; every refusal has a code and leaves no descriptor behind.
import { openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRootRequest } from './control-requests.ts';
import { InProcessRoot } from './testing/in-process-root.ts';

let root: InProcessRoot;
beforeEach(() => {
  root = new InProcessRoot();
});
afterEach(() => root.stop());

const connect = { type: 'connect', id: 1, partitionId: 1, name: 'one', socket: 1 };
const disk = (volume: unknown) => ({
  ...connect,
  channels: [{ service: 'storage', label: 'disk0', volume }],
});

describe('a control request', () => {
  const wrong: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a string', 'connect'],
    ['an array', []],
    ['no type', { id: 1 }],
    ["a type of Object's", { type: 'constructor', id: 1 }],
    ['an object for a type', { type: { toString: 1 }, id: 1 }],
    ['an object for an id', { type: 'shutdown', id: { toString: 1, valueOf: 1 } }],
    ['an object for a kind of volume', disk({ kind: { toString: 1 }, file: 1 })],
    ['an unknown type', { type: 'open', id: 1 }],
    ['no id', { type: 'shutdown' }],
    ['a fraction for an id', { type: 'shutdown', id: 0.5 }],
    ['a field too many', { type: 'shutdown', id: 1, force: true }],
    ['a negative partition', { type: 'release', id: 1, partitionId: -1 }],
    ['a text for a partition', { type: 'release', id: 1, partitionId: '1' }],
    ['channels that are no list', { ...connect, channels: {} }],
    [
      '64 channels',
      { ...connect, channels: Array.from({ length: 64 }, () => ({ service: 'clock', label: 'a' })) },
    ],
    [
      'a label twice',
      { ...connect, channels: ['clock', 'entropy'].map((service) => ({ service, label: 'a' })) },
    ],
    ['a label of 32 bytes', { ...connect, channels: [{ service: 'clock', label: 'a'.repeat(32) }] }],
    ['a label with a slash', { ...connect, channels: [{ service: 'clock', label: '../a' }] }],
    [
      'a sink called console',
      { ...connect, channels: [{ service: 'sink', label: 'console', file: 1, maxBytes: 1 }] },
    ],
    ['a null channel', { ...connect, channels: [null] }],
    ['a volume that names a path', disk({ kind: 'raw', file: '/etc/shadow', isReadOnly: true })],
    ['an unknown volume', disk({ kind: 'qcow2', file: 1 })],
    ['no volume', disk(undefined)],
    ['a scratch volume of half a block', disk({ kind: 'scratch', capacityBytes: 768 })],
    ['a scratch volume of a terabyte', disk({ kind: 'scratch', capacityBytes: 2 ** 40 })],
    ['a name with a line break', { ...connect, channels: [], name: 'a\nb' }],
  ];
  it.each(wrong)('is refused with %s', async (_what, request) => {
    expect(() => parseRootRequest(request)).toThrow(expect.objectContaining({ code: 'REQUEST_MALFORMED' }));
    expect(await root.handle(request)).toMatchObject({ ok: false, code: 'REQUEST_MALFORMED' });
  });

  it('that is refused has its files closed', async () => {
    const give = (): number => root.give(openSync('/dev/null', 'r'));
    const volume = { kind: 'overlay', base: give(), overlay: give(), extra: 1 };
    const sink = { service: 'sink', label: 'trace', file: give(), maxBytes: 'all' };
    const channels = [sink, { service: 'storage', label: 'disk0', volume }];
    expect(await root.handle({ ...connect, socket: give(), channels })).toMatchObject({ ok: false });
    expect(root.unclaimedFiles).toBe(0);
  });

  it('that hands over a file where a socket belongs makes nothing', async () => {
    const socket = root.give(openSync('/dev/null', 'r'));
    const answer = await root.handle({ ...connect, socket });
    expect(answer).toMatchObject({ ok: false, code: 'REQUEST_MALFORMED' });
    expect(await root.ask({ type: 'statistics', partitionId: connect.partitionId })).toMatchObject({
      code: 'PARTITION_UNKNOWN',
    });
  });

  it('for a partition that does not exist says so', async () => {
    const attach = { type: 'attach-console', partitionId: 9, readerId: 1, socket: 1 } as const;
    for (const request of [{ type: 'release', partitionId: 9 } as const, attach]) {
      expect(await root.ask(request)).toMatchObject({ ok: false, code: 'PARTITION_UNKNOWN' });
    }
    await root.connect(1, []);
    expect(await root.ask({ ...attach, partitionId: 1 })).toMatchObject({
      ok: false,
      code: 'CONSOLE_ABSENT',
    });
  });
});
