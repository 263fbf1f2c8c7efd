// What the hypervisor makes of whatever its root partition process says.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RootAnswer, RootEvent } from '../vmbus/root-control.ts';
import { parseRootMessage } from './root-messages.ts';

const right: (RootAnswer | RootEvent)[] = [
  { id: 1, ok: true },
  { id: 2, ok: true, statistics: { 'disk0.bytesRead': 512, isConnected: 1 } },
  { id: 3, ok: false, code: 'FILE_UNKNOWN', message: 'file 3 was not handed over' },
  { type: 'ready', walls: ['Landlock: no path can be reached'] },
  { type: 'connection-ended', partitionId: 2, reason: 'peer-closed', message: 'gone' },
  { type: 'reader-ended', partitionId: 2, readerId: 1, droppedBytes: 7 },
  { type: 'throttled', partitionId: 2, limit: 'ioBytes', waitedMs: 1200 },
];

describe('a message of the root partition process', () => {
  it.each(right)('is taken as it is: %j', (message) => {
    expect(parseRootMessage(message)).toEqual(message);
  });

  it.each([
    [null],
    [undefined],
    [7],
    ['ready'],
    [[]],
    [{}],
    [{ type: 'constructor' }],
    [{ id: '1', ok: true }],
    [{ id: -1, ok: true }],
    [{ type: 'connection-ended' }],
    [{ type: 'reader-ended', partitionId: 1, readerId: {} }],
    [{ type: 'throttled', partitionId: 1, limit: '__proto__', waitedMs: 1 }],
  ])('is none: %j', (message) => {
    expect(parseRootMessage(message)).toBeUndefined();
  });

  it('shows nothing to a terminal but letters, and not many', () => {
    const message = `\u001b[2J${'x'.repeat(5000)}`;
    const walls = Array.from({ length: 1000 }, () => message);
    const ready = parseRootMessage({ type: 'ready', walls });
    expect(ready).toEqual({ type: 'ready', walls: Array(16).fill(`?[2J${'x'.repeat(996)}`) });
    expect(parseRootMessage({ id: 1, ok: false, message })).toMatchObject({
      message: `?[2J${'x'.repeat(996)}`,
    });
  });

  it('gives no statistics that are not numbers, and touches no prototype', () => {
    const statistics = JSON.parse('{"__proto__": 5, "constructor": "x", "a": -1, "b": 2, "c": null}');
    const answer = parseRootMessage({ id: 1, ok: true, statistics }) as { statistics: object };
    expect(Object.entries(answer.statistics)).toEqual([
      ['__proto__', 5],
      ['constructor', 0],
      ['a', 0],
      ['b', 2],
      ['c', 0],
    ]);
    expect(({} as Record<string, unknown>)['5']).toBeUndefined();
  });

  it('is in shape or none, whatever JSON it is', () => {
    const fields = {
      type: fc.constantFrom('ready', 'connection-ended', 'reader-ended', 'x'),
      id: fc.jsonValue(),
    };
    const others = Object.fromEntries(
      ['ok', 'walls', 'partitionId', 'readerId', 'statistics', 'message', 'code'].map((name) => [
        name,
        fc.jsonValue(),
      ]),
    );
    const message = fc.oneof(fc.jsonValue(), fc.record({ ...fields, ...others }, { requiredKeys: [] }));
    const property = fc.property(message, (value) => {
      const parsed = parseRootMessage(value);
      if (parsed === undefined) return;
      if ('id' in parsed) expect(typeof parsed.ok).toBe('boolean');
      else expect(['ready', 'connection-ended', 'reader-ended']).toContain(parsed.type);
      for (const part of Object.values(parsed).flat()) expect(part).not.toBeNull();
    });
    fc.assert(property, { numRuns: 2000 });
  });
});
