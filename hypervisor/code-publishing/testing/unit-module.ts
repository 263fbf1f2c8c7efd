// Hand-built modules of published code: right as they are, wrong in the one way that a test wants.

const leb = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 128))];
const section = (id: number, body: number[]): number[] => [id, ...leb(body.length), ...body];
const name = (text: string): number[] => [text.length, ...Buffer.from(text)];

export interface UnitModuleOptions {
  header?: number[];
  /** Bodies of the sections, each without its id and length. */
  types?: number[];
  imports?: number[];
  functions?: number[];
  exports?: number[];
  locals?: number[];
  /** The function's instructions, with the final `end`. Default: gives its argument back. */
  code?: number[];
  /** Whole sections before the first, between export and code, and after the last. */
  first?: number[];
  beforeCode?: number[];
  last?: number[];
}

export const UNIT_TYPE = [0x60, 4, 0x7f, 0x7f, 0x7e, 0x7f, 1, 0x7f];
export const memoryImport = (limits = [3, 1, ...leb(65_536)]): number[] => [
  ...name('env'),
  ...name('memory'),
  2,
  ...limits,
];
export const tableImport = [...name('env'), ...name('table'), 1, 0x70, 0, 1];

export function unitModule(options: UnitModuleOptions = {}): Uint8Array<ArrayBuffer> {
  const code = [...(options.locals ?? [0]), ...(options.code ?? [0x20, 0, 0x0b])];
  return Uint8Array.from([
    ...(options.header ?? [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
    ...(options.first ?? []),
    ...section(1, options.types ?? [1, ...UNIT_TYPE]),
    ...section(2, options.imports ?? [2, ...memoryImport(), ...tableImport]),
    ...section(3, options.functions ?? [1, 0]),
    ...section(7, options.exports ?? [1, ...name('0'), 0, 0]),
    ...(options.beforeCode ?? []),
    ...section(10, [1, ...leb(code.length), ...code]),
    ...(options.last ?? []),
  ]);
}
