// Hand-built Wasm guests for tests: small enough to read, wrong in exactly the way a test wants.

import { HV_HYPERCALL_FAST, HVCALL_PUBLISH_CODE } from '../../abi/hypercalls.ts';

const section = (id: number, body: number[]): number[] => [id, ...leb(body.length), ...body];
const leb = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 128))];
const signed = (value: number): number[] =>
  value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
const constant = (value: number): number[] => [0x41, ...signed(value)];
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];

export interface GuestModuleOptions {
  /** Instructions of `run(vp, budget) → i32`, without the final `end`. Default: `i32.const 1` (halted). */
  body?: number[];
  /** Further imports: module, name, kind byte and what follows it. */
  imports?: { module: string; name: string; rest: number[] }[];
  /** Limits of env.memory: flags, initial, maximum. Default shared, 1, 65536 pages. */
  memory?: number[];
  /** Whole sections, inserted where their ids belong. */
  tables?: number[];
  memories?: number[];
  exportName?: string;
  /** Function types beside the three that are always there. */
  types?: number[][];
}

/** Type 0 is run's, type 1 () → f64, type 2 six i32 → i32; function 0 is run unless functions are imported. */
export function guestModule(options: GuestModuleOptions = {}): Uint8Array {
  const imports = options.imports ?? [];
  const functionImports = imports.filter(({ rest }) => rest[0] === 0).length;
  const memory = options.memory ?? [3, 1, ...leb(65_536)];
  const types = options.types ?? [];
  const body = [0, ...(options.body ?? [0x41, 1]), 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [
      3 + types.length,
      ...[0x60, 2, 0x7f, 0x7f, 1, 0x7f],
      ...[0x60, 0, 1, 0x7c],
      ...[0x60, 6, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f],
      ...types.flat(),
    ]),
    ...section(2, [
      imports.length + 1,
      ...text('env'),
      ...text('memory'),
      2,
      ...memory,
      ...imports.flatMap(({ module, name, rest }) => [...text(module), ...text(name), ...rest]),
    ]),
    ...section(3, [1, 0]),
    ...(options.tables === undefined ? [] : section(4, options.tables)),
    ...(options.memories === undefined ? [] : section(5, options.memories)),
    ...section(7, [1, ...text(options.exportName ?? 'run'), 0, functionImports]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

/** loop … br 0: never comes back. */
export const endlessLoop = [0x03, 0x40, 0x0c, 0, 0x0b, 0x41, 1];
/** A guest that idles without a deadline, again and again. */
export const sleeper: GuestModuleOptions = {
  types: [[0x60, 1, 0x7c, 1, 0x7f]],
  imports: [{ module: 'hv', name: 'idle', rest: [0, 3] }],
  body: [0x03, 0x40, 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0x10, 0, 0x1a, 0x0c, 0, 0x0b, 0x41, 1],
};
/** Loads from the last addressable byte. */
export const outOfBounds = [0x41, 0x7f, 0x28, 2, ...[0xff, 0xff, 0xff, 0xff, 0x0f]];
/** Calls itself without end. */
export const endlessRecursion = [0x41, 0, 0x41, 0, 0x10, 0];
/** Asks `times` times to publish 16 bytes that are no module, by `hypercallImport`; then halts. */
export function publishesGarbage(times: number): number[] {
  const call = [HVCALL_PUBLISH_CODE | HV_HYPERCALL_FAST, 0, 0, 16, 1024, 0].flatMap(constant);
  return [
    ...[...constant(times), 0x21, 1, 0x03, 0x40],
    ...[...call, 0x10, 0, 0x1a],
    // One less; again unless there is none left.
    ...[0x20, 1, 0x41, 1, 0x6b, 0x22, 1, 0x0d, 0, 0x0b, 0x41, 1],
  ];
}
export const hypercallImport = { module: 'hv', name: 'hypercall', rest: [0, 2] };
/** memory.grow 1; halts with 1 added to its result, so that -1 (refused) becomes "call me again". */
export const growsMemory = [0x41, 1, 0x40, 0, 0x41, 2, 0x6a];
