// Decides whether a Wasm module may become a guest, from its bytes alone, before the engine compiles anything
// (WebAssembly Core Specification 2.0, §5 "Binary Format", and the threads proposal's shared memories).
//
// A guest imports functions of `hv` with exactly the types below and one shared memory, `env.memory`; it defines no
// memory of its own, so that its quota is the memory that the hypervisor makes; it exports `run(i32, i32) → i32`.

/** What was wrong; the message says what was expected and what came. */
export class AdmissionError extends Error {
  readonly code = 'GUEST_MODULE_REFUSED';
}

const I32 = 0x7f;
const F64 = 0x7c;
const MAX_MODULE_BYTES = 64 * 1024 * 1024;
/** Below what the engine takes, which looks at a module only after this. */
const MAX_TYPES = 10_000;
const MAX_VALUES_IN_TYPE = 1000;
const MAX_IMPORTS = 64;
const MAX_FUNCTIONS = 100_000;
const MAX_EXPORTS = 10_000;
const MAX_TABLES = 1;
const MAX_TABLE_ELEMENTS = 65_536;

/** The whole import surface of a guest: name → parameter and result types. */
const hvImports: Record<string, { parameters: number[]; results: number[] }> = {
  hypercall: { parameters: [I32, I32, I32, I32, I32, I32], results: [I32] },
  referenceTime: { parameters: [], results: [F64] },
  idle: { parameters: [F64], results: [I32] },
};
/** The names above, for the instance's import object and for the attack-surface listing. */
export const hvImportNames: readonly string[] = Object.keys(hvImports);

const SECTION_TYPE = 1;
const SECTION_IMPORT = 2;
const SECTION_FUNCTION = 3;
const SECTION_TABLE = 4;
const SECTION_MEMORY = 5;
const SECTION_EXPORT = 7;
const SECTION_TAG = 13;

interface FunctionType {
  parameters: number[];
  results: number[];
}

class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new AdmissionError(`module is truncated at byte ${this.at}`);
    return this.#bytes[this.at++] as number;
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw new AdmissionError(`number at byte ${this.at} is longer than 32 bits`);
  }

  /** The length of a list. */
  count(most: number, what: string): number {
    const count = this.u32();
    if (count > most) throw new AdmissionError(`module has ${count} ${what}, at most ${most} are allowed`);
    return count;
  }

  name(): string {
    return Buffer.from(this.take(this.u32())).toString('utf8');
  }

  take(length: number): Uint8Array {
    if (length > this.end - this.at) throw new AdmissionError(`module is truncated at byte ${this.at}`);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

/**
 * Admits a module or throws.
 * @param memoryPages the quota in 64 KiB pages: what the hypervisor will give, initial and maximum at once
 * @returns what is to be compiled: the module, with a maximum put to a table that has none
 * @throws AdmissionError naming the rule that the module breaks
 */
export function admitModule(bytes: Uint8Array, memoryPages: number): Uint8Array<ArrayBuffer> {
  if (bytes.length > MAX_MODULE_BYTES) {
    throw new AdmissionError(`module has ${bytes.length} bytes, at most ${MAX_MODULE_BYTES} are allowed`);
  }
  const cursor = new ByteCursor(bytes, 0, bytes.length);
  if (Buffer.from(bytes.subarray(0, 8)).toString('hex') !== '0061736d01000000') {
    throw new AdmissionError('not a WebAssembly 1.0 module (its first 8 bytes are not \\0asm and version 1)');
  }
  cursor.at = 8;
  const found: Found = { types: [], functions: [], hasMemory: false, runType: -1, openTable: undefined };
  while (cursor.at < cursor.end) {
    const id = cursor.byte();
    const length = cursor.u32();
    if (length > cursor.end - cursor.at) throw new AdmissionError(`section ${id} is truncated`);
    readSection(id, new ByteCursor(bytes, cursor.at, cursor.at + length), found, memoryPages);
    cursor.at += length;
  }
  if (!found.hasMemory) throw new AdmissionError('module does not import its memory as env.memory');
  const run = found.types[found.functions[found.runType] ?? -1];
  if (run === undefined || !hasType(run, { parameters: [I32, I32], results: [I32] })) {
    throw new AdmissionError('module does not export run(i32, i32) → i32');
  }
  return found.openTable === undefined ? new Uint8Array(bytes) : withBoundedTable(bytes, found.openTable);
}

interface Found {
  types: FunctionType[];
  /** Type index of each function, imported ones first. */
  functions: number[];
  hasMemory: boolean;
  runType: number;
  /** The section of a table that has no maximum, and so might grow to what the engine allows. */
  openTable: TableSection | undefined;
}

interface TableSection {
  /** Where its contents begin and end. */
  start: number;
  end: number;
  /** Elements that it begins with. */
  initial: number;
}

function readSection(id: number, section: ByteCursor, found: Found, memoryPages: number): void {
  switch (id) {
    case SECTION_TYPE:
      for (let left = section.count(MAX_TYPES, 'types'); left > 0; left--)
        found.types.push(readType(section));
      break;
    case SECTION_IMPORT:
      for (let left = section.count(MAX_IMPORTS, 'imports'); left > 0; left--)
        readImport(section, found, memoryPages);
      break;
    case SECTION_FUNCTION:
      for (let left = section.count(MAX_FUNCTIONS, 'functions'); left > 0; left--)
        found.functions.push(section.u32());
      break;
    case SECTION_TABLE:
      found.openTable = readTables(section);
      break;
    case SECTION_MEMORY:
      if (section.u32() > 0) throw new AdmissionError('module defines a memory of its own');
      break;
    case SECTION_TAG:
      if (section.u32() > 0) throw new AdmissionError('module uses exception tags');
      break;
    case SECTION_EXPORT:
      for (let left = section.count(MAX_EXPORTS, 'exports'); left > 0; left--) {
        const name = section.name();
        const kind = section.byte();
        const index = section.u32();
        if (name === 'run' && kind === 0) found.runType = index;
      }
      break;
    default:
      break;
  }
}

function readType(section: ByteCursor): FunctionType {
  if (section.byte() !== 0x60) throw new AdmissionError('module has a type that is not a function type');
  const parameters = [...section.take(section.count(MAX_VALUES_IN_TYPE, 'values in a type'))];
  const results = [...section.take(section.count(MAX_VALUES_IN_TYPE, 'values in a type'))];
  return { parameters, results };
}

function hasType(type: FunctionType, expected: FunctionType): boolean {
  return (
    type.parameters.join() === expected.parameters.join() && type.results.join() === expected.results.join()
  );
}

function readImport(section: ByteCursor, found: Found, memoryPages: number): void {
  const module = section.name();
  const name = section.name();
  const kind = section.byte();
  if (module === 'env' && name === 'memory' && kind === 2 && !found.hasMemory) {
    readMemoryLimits(section, memoryPages);
    found.hasMemory = true;
    return;
  }
  const expected = module === 'hv' && Object.hasOwn(hvImports, name) ? hvImports[name] : undefined;
  if (kind !== 0 || expected === undefined) {
    throw new AdmissionError(
      `module imports ${shown(module)}.${shown(name)}; a guest may import ${hvImportNames.map((n) => `hv.${n}`).join(', ')} and env.memory`,
    );
  }
  const typeIndex = section.u32();
  const type = found.types[typeIndex];
  if (type === undefined || !hasType(type, expected)) {
    throw new AdmissionError(`module imports hv.${name} with another type than the hypervisor's`);
  }
  found.functions.push(typeIndex);
}

/** A name as it may be shown: it comes from the guest, and a terminal obeys what it is shown. */
function shown(name: string): string {
  const most = 64;
  const start = name.slice(0, most).replaceAll(/[^\x20-\x7e]/g, '?');
  return name.length > most ? `${start}…` : start;
}

function readMemoryLimits(section: ByteCursor, memoryPages: number): void {
  const flags = section.byte();
  if (flags !== 3) throw new AdmissionError('env.memory must be shared, 32-bit, and have a maximum');
  const initial = section.u32();
  const maximum = section.u32();
  if (initial > memoryPages) {
    throw new AdmissionError(
      `module needs ${initial * 64} KiB of memory, its quota is ${memoryPages * 64} KiB`,
    );
  }
  if (maximum < memoryPages) {
    throw new AdmissionError(
      `module allows ${maximum * 64} KiB of memory, its quota is ${memoryPages * 64} KiB`,
    );
  }
}

/** @returns the section when its table has no maximum */
function readTables(section: ByteCursor): TableSection | undefined {
  const start = section.at;
  if (section.count(MAX_TABLES, 'tables') === 0) return undefined;
  if (section.byte() !== 0x70)
    throw new AdmissionError('module has a table of something else than functions');
  const flags = section.byte();
  if (flags > 1) throw new AdmissionError('module has a shared or 64-bit table');
  const initial = section.u32();
  const most = flags === 1 ? section.u32() : initial;
  if (Math.max(initial, most) > MAX_TABLE_ELEMENTS) {
    throw new AdmissionError(`module has a table of ${Math.max(initial, most)} elements`);
  }
  if (section.at !== section.end) throw new AdmissionError('module has something behind its table');
  return flags === 1 ? undefined : { start, end: section.end, initial };
}

/** The module, with MAX_TABLE_ELEMENTS as its table's maximum. What grows otherwise is memory beside the quota. */
function withBoundedTable(bytes: Uint8Array, { start, end, initial }: TableSection): Uint8Array<ArrayBuffer> {
  const contents = [1, 0x70, 1, ...leb(initial), ...leb(MAX_TABLE_ELEMENTS)];
  // The section's length, of whatever width, ends where its contents begin; its id stands before that.
  let lengthAt = start - 1;
  while ((bytes[lengthAt - 1] as number) >= 0x80) lengthAt--;
  return new Uint8Array(
    Buffer.concat([
      bytes.subarray(0, lengthAt),
      Buffer.from([contents.length, ...contents]),
      bytes.subarray(end),
    ]),
  );
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
