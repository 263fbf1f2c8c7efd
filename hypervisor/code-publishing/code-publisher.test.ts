// Publishing into a guest's table: where, from what, and what stays as it was when it is refused.
import { describe, expect, it } from 'vitest';
import {
  HV_STATUS_INVALID_PARAMETER,
  HV_STATUS_NO_RESOURCES,
  HV_STATUS_OPERATION_DENIED,
  HV_STATUS_SUCCESS,
} from '../abi/status.ts';
import { createGuestMemory } from '../platform/guest-memory.ts';
import {
  CodePublisher,
  FIRST_PUBLISHED_INDEX,
  type OnCodeRefused,
  PUBLISHED_INDICES,
} from './code-publisher.ts';
import { unitModule } from './testing/unit-module.ts';

interface Table {
  length: number;
  get(index: number): ((n: number, depth: number, pageVa: bigint, page: number) => number) | null;
}
const { Table } = WebAssembly as unknown as {
  Table: new (type: { element: string; initial: number; maximum?: number }) => Table;
};

type Refused = Parameters<OnCodeRefused>;
function publishing(type = { element: 'anyfunc', initial: 10 }): {
  publisher: CodePublisher;
  table: Table;
  refused: Refused[];
} {
  const refused: Refused[] = [];
  const publisher = new CodePublisher(createGuestMemory(1), (...refusal) => refused.push(refusal));
  const table = new Table(type);
  publisher.attach(table);
  return { publisher, table, refused };
}
/** Gives back its argument plus a number below 64. */
const adding = (number: number): Uint8Array<ArrayBuffer> =>
  unitModule({ code: [0x20, 0, 0x41, number, 0x6a, 0x0b] });

describe('the code publisher', () => {
  it('puts functions where they are asked for, and replaces them', () => {
    const { publisher, table } = publishing();
    const last = FIRST_PUBLISHED_INDEX + PUBLISHED_INDICES - 1;
    for (const index of [FIRST_PUBLISHED_INDEX, last])
      expect(publisher.publish(adding(1), index)).toBe(HV_STATUS_SUCCESS);
    expect(table.get(last)?.(41, 0, 0n, 0)).toBe(42);
    expect(publisher.publish(adding(2), last)).toBe(HV_STATUS_SUCCESS);
    expect(table.get(last)?.(41, 0, 0n, 0)).toBe(43);
    expect(table.get(FIRST_PUBLISHED_INDEX)?.(41, 0, 0n, 0)).toBe(42);
  });

  it.each([0, 9, FIRST_PUBLISHED_INDEX - 1, FIRST_PUBLISHED_INDEX + PUBLISHED_INDICES, 2 ** 32 - 1])(
    'leaves index %i alone',
    (index) => {
      const { publisher, table, refused } = publishing();
      expect(publisher.publish(adding(1), index)).toBe(HV_STATUS_INVALID_PARAMETER);
      expect(table.length).toBe(10);
      expect(refused).toEqual([['call', `table index ${index}`]]);
    },
  );

  it('changes nothing for what is refused by the check or by the engine', () => {
    const { publisher, table, refused } = publishing();
    publisher.publish(adding(1), FIRST_PUBLISHED_INDEX);
    const broken = unitModule({ last: [0, 2, 1, 0x61] });
    expect(publisher.publish(broken, FIRST_PUBLISHED_INDEX)).toBe(HV_STATUS_INVALID_PARAMETER);
    // Well-formed, but an i64 where an i32 must be: only the engine's validation sees that.
    const illTyped = unitModule({ code: [0x42, 0, 0x0b] });
    expect(publisher.publish(illTyped, FIRST_PUBLISHED_INDEX)).toBe(HV_STATUS_NO_RESOURCES);
    expect(table.get(FIRST_PUBLISHED_INDEX)?.(1, 0, 0n, 0)).toBe(2);
    expect(refused).toEqual([
      ['check', 'name: expected 4, got 1 at byte 74'],
      ['engine', 'the engine says CompileError'],
    ]);
  });

  it.each([
    // i32.const -1, i32.load offset=4294967295
    [
      'reads far beyond its memory',
      [0x41, 0x7f, 0x28, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
      WebAssembly.RuntimeError,
    ],
    // local.get 0 to 3, i32.const 1024, call_indirect
    [
      'calls itself without end',
      [0x20, 0, 0x20, 1, 0x20, 2, 0x20, 3, 0x41, 0x80, 0x08, 0x11, 0, 0],
      RangeError,
    ],
    // i32.const 0, call_indirect of an empty entry
    [
      'calls what is not there',
      [0x20, 0, 0x20, 1, 0x20, 2, 0x20, 3, 0x41, 0, 0x11, 0, 0],
      WebAssembly.RuntimeError,
    ],
    ['reaches what cannot be', [0x00], WebAssembly.RuntimeError],
  ] as const)('lets a unit that %s trap', (_what, instructions, error) => {
    const { publisher, table } = publishing();
    const unit = unitModule({ code: [...instructions, 0x0b] });
    expect(publisher.publish(unit, FIRST_PUBLISHED_INDEX)).toBe(HV_STATUS_SUCCESS);
    expect(() => table.get(FIRST_PUBLISHED_INDEX)?.(0, 0, 0n, 0)).toThrow(error);
  });

  it('publishes nothing without a table that leaves the machine its place and can grow', () => {
    const none = new CodePublisher(createGuestMemory(1));
    for (const value of [undefined, null, 7, {}, []]) {
      none.attach(value);
      expect(none.publish(adding(1), FIRST_PUBLISHED_INDEX)).toBe(HV_STATUS_OPERATION_DENIED);
    }
    const large = publishing({ element: 'anyfunc', initial: FIRST_PUBLISHED_INDEX + 1 });
    expect(large.publisher.publish(adding(1), FIRST_PUBLISHED_INDEX)).toBe(HV_STATUS_OPERATION_DENIED);
    const fixed = publishing({ element: 'anyfunc', initial: 10, maximum: 20 } as never);
    expect(fixed.publisher.publish(adding(1), FIRST_PUBLISHED_INDEX)).toBe(HV_STATUS_NO_RESOURCES);
    expect(large.refused).toEqual([['call', 'the guest has no table']]);
    expect(fixed.refused).toEqual([['engine', 'the engine says RangeError']]);
  });
});
