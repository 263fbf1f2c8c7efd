// Hand-built modules of published code: right as they are, wrong in the one way that a test wants.

export const leb = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 128))];
export const section = (id: number, body: readonly number[]): number[] => [id, ...leb(body.length), ...body];
export const name = (text: string): number[] => [text.length, ...Buffer.from(text)];

export interface UnitModuleOptions {
  header?: number[];
  /** Bodies of the sections, each without its id and length. */
  types?: number[];
  imports?: number[];
  functions?: number[];
  exports?: number[];
  /** The code section's body. Default: one function of `locals` and `code`. */
  bodies?: number[];
  locals?: number[];
  /** The function's instructions, with the final `end`. Default: gives its argument back. */
  code?: number[];
  /** Whole sections before the first, between export and code, and after the last. */
  first?: number[];
  beforeCode?: number[];
  last?: number[];
  /** What becomes of the five sections, type, import, function, export and code, each with its id and length. */
  arrange?: (sections: number[][]) => number[][];
}

export const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
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
  const sections = [
    section(1, options.types ?? [1, ...UNIT_TYPE]),
    section(2, options.imports ?? [2, ...memoryImport(), ...tableImport]),
    section(3, options.functions ?? [1, 0]),
    section(7, options.exports ?? [1, ...name('0'), 0, 0]),
    [...(options.beforeCode ?? []), ...section(10, options.bodies ?? [1, ...leb(code.length), ...code])],
  ];
  return Uint8Array.from([
    ...(options.header ?? HEADER),
    ...(options.first ?? []),
    ...(options.arrange?.(sections) ?? sections).flat(),
    ...(options.last ?? []),
  ]);
}
