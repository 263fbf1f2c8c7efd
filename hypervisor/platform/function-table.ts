// WebAssembly.Table, which the engine's type declarations leave out (WebAssembly JavaScript Interface 2.0, §5.5).

export interface FunctionTable {
  readonly length: number;
  grow(by: number): number;
  set(index: number, value: unknown): void;
}

const { Table } = WebAssembly as unknown as { Table: new (...values: unknown[]) => FunctionTable };

export const isFunctionTable = (value: unknown): value is FunctionTable => value instanceof Table;
