// Decides whether a module that a guest wrote may run in its partition, from its bytes alone (WebAssembly Core
// Specification 2.0, §5). It must be exactly: types of integers, the imports env.memory and env.table, one function of
// a unit's type, exported as "0", and its code, made of the opcodes in opcodes.ts. No start function, no memory,
// table, global, element or data of its own, no custom section but for branch hints and the function's name. The engine's validation comes after this, not instead.
import { IMMEDIATES, immediates, SATURATING, VECTOR } from './opcodes.ts';

export const UNIT_EXPORT = '0';

const MAX_BYTES = 512 * 1024;
const MAX_TYPES = 16;
const MAX_PARAMETERS = 8;
const MAX_LOCALS = 128;
const MAX_NESTING = 512;
const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const FUNCTION = 0x60;
const UNIT_TYPE = [FUNCTION, 4, I32, I32, I64, I32, 1, I32];
const FUNCREF = 0x70;
const NO_RESULT = 0x40;
const FUNCTION_NAMES = 1;
const MAX_NAME = 32;
const HINTS_NAME = 'metadata.code.branch_hint';
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTIONS = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 };

class Refusal extends Error {}

class Cursor {
  readonly #bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
  }

  byte(): number {
    if (this.at >= this.end) throw new Refusal(`truncated at byte ${this.at}`);
    return this.#bytes[this.at++] as number;
  }

  /** An index below a limit. */
  index(limit: number, what: string): void {
    const index = this.u32();
    if (index >= limit) throw new Refusal(`${what} ${index} of ${limit}`);
  }

  /** An index below a limit that is one byte and no LEB128, such as a lane's (§5.4.9). */
  byteIndex(limit: number, what: string): void {
    const index = this.byte();
    if (index >= limit) throw new Refusal(`${what} ${index} of ${limit}`);
  }

  /** An unsigned LEB128 of 32 bits (§5.2.2): at most five bytes, nothing in the last one's unused bits. */
  u32(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    byte = this.byte();
    if (byte > 0x0f) throw new Refusal(`number at byte ${this.at - 1} is longer than 32 bits`);
    return (value | (byte << 28)) >>> 0;
  }

  /** Skips a signed LEB128 of 32 bits: the unused bits of a fifth byte repeat the sign. */
  skipS32(): void {
    for (let count = 1; count < 5; count++) if (this.byte() < 0x80) return;
    const last = this.byte();
    if (last > 0x07 && (last < 0x78 || last > 0x7f))
      throw new Refusal(`constant at byte ${this.at - 1} is longer than 32 bits`);
  }

  /** The same of 64 bits: of a tenth byte one bit is used. */
  skipS64(): void {
    for (let count = 1; count < 10; count++) if (this.byte() < 0x80) return;
    const last = this.byte();
    if (last !== 0 && last !== 0x7f)
      throw new Refusal(`constant at byte ${this.at - 1} is longer than 64 bits`);
  }

  skip(bytes: number): void {
    for (let count = 0; count < bytes; count++) this.byte();
  }

  peek(): number | undefined {
    return this.#bytes[this.at];
  }

  expect(value: number, what: string): void {
    const byte = this.byte();
    if (byte !== value) throw new Refusal(`${what}: expected ${value}, got ${byte} at byte ${this.at - 1}`);
  }

  expectName(text: string): void {
    this.expect(text.length, 'name');
    for (let index = 0; index < text.length; index++) {
      if (this.byte() !== text.charCodeAt(index))
        throw new Refusal(`expected the name ${text} at byte ${this.at - 1}`);
    }
  }

  /** Reads a length and then that many bytes by `read`, no more and no less. */
  within(what: string, read: () => void): void {
    const length = this.u32();
    const [outer, end] = [this.end, this.at + length];
    if (end > outer) throw new Refusal(`${what} is truncated`);
    this.end = end;
    read();
    if (this.at !== end) throw new Refusal(`${what} has ${end - this.at} bytes too many`);
    this.end = outer;
  }
}

/** @returns undefined when the module may be published, else the rule that it breaks */
export function checkUnitModule(bytes: Uint8Array): string | undefined {
  try {
    if (bytes.length > MAX_BYTES)
      throw new Refusal(`${bytes.length} bytes, at most ${MAX_BYTES} are allowed`);
    checkSections(new Cursor(bytes));
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

function checkSections(cursor: Cursor): void {
  for (const byte of HEADER) cursor.expect(byte, 'header');
  let types = 0;
  section(cursor, SECTIONS.type, () => {
    types = readTypes(cursor);
  });
  section(cursor, SECTIONS.import, () => readImports(cursor));
  section(cursor, SECTIONS.function, () => {
    cursor.expect(1, 'number of functions');
    cursor.expect(0, "the function's type");
  });
  section(cursor, SECTIONS.export, () => {
    cursor.expect(1, 'number of exports');
    cursor.expectName(UNIT_EXPORT);
    cursor.expect(0, "the export's kind");
    cursor.expect(0, 'the exported function');
  });
  if (cursor.peek() === SECTIONS.custom) section(cursor, SECTIONS.custom, () => readHints(cursor));
  section(cursor, SECTIONS.code, () => {
    cursor.expect(1, 'number of bodies');
    cursor.within('the body', () => readBody(cursor, types));
  });
  if (cursor.peek() === SECTIONS.custom) section(cursor, SECTIONS.custom, () => readFunctionName(cursor));
  if (cursor.at !== cursor.end) throw new Refusal(`a section more at byte ${cursor.at}`);
}

function section(cursor: Cursor, id: number, read: () => void): void {
  cursor.expect(id, 'section');
  cursor.within(`section ${id}`, read);
}

/** Type 0 is a unit's: (i32, i32, i64, i32) → i32. @returns how many there are */
function readTypes(cursor: Cursor): number {
  const count = cursor.u32();
  if (count < 1 || count > MAX_TYPES) throw new Refusal(`${count} types`);
  for (const byte of UNIT_TYPE) cursor.expect(byte, "type 0, a unit's");
  for (let index = 1; index < count; index++) {
    cursor.expect(FUNCTION, 'type');
    readValueTypes(cursor, MAX_PARAMETERS);
    readValueTypes(cursor, 1);
  }
  return count;
}

function readValueTypes(cursor: Cursor, most: number): void {
  const count = cursor.u32();
  if (count > most) throw new Refusal(`${count} values in a type, at most ${most} are allowed`);
  for (let index = 0; index < count; index++) {
    const type = cursor.byte();
    if (type !== I32 && type !== I64) throw new Refusal(`value type ${type}`);
  }
}

function readLocalType(cursor: Cursor): void {
  const type = cursor.byte();
  if (type !== I32 && type !== I64 && type !== F32 && type !== F64)
    throw new Refusal(`local of type ${type}`);
}

function readImports(cursor: Cursor): void {
  cursor.expect(2, 'number of imports');
  cursor.expectName('env');
  cursor.expectName('memory');
  cursor.expect(2, 'kind of env.memory');
  cursor.expect(3, 'limits of env.memory');
  cursor.u32();
  cursor.u32();
  cursor.expectName('env');
  cursor.expectName('table');
  cursor.expect(1, 'kind of env.table');
  cursor.expect(FUNCREF, 'type of env.table');
  cursor.expect(0, 'limits of env.table');
  cursor.u32();
}

/** Branch hints of the one function (WebAssembly Code Metadata, §2): ascending offsets, each with one byte, 0 or 1. */
function readHints(cursor: Cursor): void {
  cursor.expectName(HINTS_NAME);
  cursor.expect(1, 'functions with hints');
  cursor.expect(0, 'the function with hints');
  const count = cursor.u32();
  let last = 0;
  for (let hint = 0; hint < count; hint++) {
    const offset = cursor.u32();
    if (offset <= last) throw new Refusal(`hint for byte ${offset} after that for ${last}`);
    last = offset;
    cursor.expect(1, "the hint's length");
    cursor.byteIndex(2, 'hint');
  }
}

/** The one function's name (WebAssembly Core Specification 2.0, §7.4.1), a short one of printable ASCII. */
function readFunctionName(cursor: Cursor): void {
  cursor.expectName('name');
  cursor.expect(FUNCTION_NAMES, 'kind of names');
  cursor.within('the names', () => {
    cursor.expect(1, 'functions with names');
    cursor.expect(0, 'the function with a name');
    cursor.within('the name', () => {
      for (let length = 0; cursor.at < cursor.end; length++) {
        const character = cursor.byte();
        if (length === MAX_NAME || character < 0x20 || character > 0x7e)
          throw new Refusal(`character ${character} of a name at byte ${cursor.at - 1}`);
      }
    });
  });
}

function readBody(cursor: Cursor, types: number): void {
  let locals = 4;
  const groups = cursor.u32();
  if (groups > MAX_LOCALS) throw new Refusal(`${groups} groups of locals`);
  for (let group = 0; group < groups; group++) {
    locals += cursor.u32();
    readLocalType(cursor);
    if (locals > MAX_LOCALS) throw new Refusal(`more than ${MAX_LOCALS} locals`);
  }
  readInstructions(cursor, locals, types);
}

/** The inner loop of the check, and most of what publishing costs: one pass, nothing allocated. */
function readInstructions(cursor: Cursor, locals: number, types: number): void {
  let depth = 1;
  while (depth > 0) {
    const opcode = cursor.byte();
    switch (immediates[opcode]) {
      case IMMEDIATES.none:
        break;
      case IMMEDIATES.block:
        if (++depth > MAX_NESTING) throw new Refusal(`more than ${MAX_NESTING} blocks in one another`);
        readBlockType(cursor);
        break;
      case IMMEDIATES.end:
        depth--;
        break;
      case IMMEDIATES.label:
        cursor.index(depth, 'label');
        break;
      case IMMEDIATES.local:
        cursor.index(locals, 'local');
        break;
      case IMMEDIATES.access:
        // Alignments from 64 on would say that a memory index follows.
        cursor.index(4, 'alignment');
        cursor.u32();
        break;
      case IMMEDIATES.constant32:
        cursor.skipS32();
        break;
      case IMMEDIATES.constant64:
        cursor.skipS64();
        break;
      case IMMEDIATES.call:
        cursor.index(types, 'type');
        cursor.expect(0, 'table');
        break;
      case IMMEDIATES.constantF32:
        cursor.skip(4);
        break;
      case IMMEDIATES.constantF64:
        cursor.skip(8);
        break;
      case IMMEDIATES.saturating:
        cursor.index(SATURATING, 'opcode 0xfc');
        break;
      case IMMEDIATES.vector:
        readVector(cursor);
        break;
      default:
        throw new Refusal(`opcode 0x${opcode.toString(16)} at byte ${cursor.at - 1}`);
    }
  }
}

function readVector(cursor: Cursor): void {
  const number = cursor.u32();
  if (number === VECTOR.extractLane) cursor.byteIndex(2, 'lane');
  else if (number !== VECTOR.splat && number !== VECTOR.relaxedMultiplyAdd)
    throw new Refusal(`opcode 0xfd ${number} at byte ${cursor.at}`);
}

function readBlockType(cursor: Cursor): void {
  const result = cursor.byte();
  if (result !== NO_RESULT && result !== I32 && result !== I64) throw new Refusal(`block type ${result}`);
}
