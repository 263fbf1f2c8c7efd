// Decides whether a module that a guest wrote may run in its partition, from its bytes alone (WebAssembly Core
// Specification 2.0, §5). It must be exactly: types of integers, the imports env.memory and env.table, one function of
// type (i32) → i32, exported as "0", and its code, made of the opcodes in opcodes.ts. No start function, no memory,
// table, global, element or data of its own, no custom sections. The engine's validation comes after this, not instead.
import { immediates } from './opcodes.ts';

export const UNIT_EXPORT = '0';

const MAX_BYTES = 512 * 1024;
const MAX_TYPES = 16;
const MAX_PARAMETERS = 8;
const MAX_LOCALS = 128;
const MAX_NESTING = 512;
const I32 = 0x7f;
const I64 = 0x7e;
const FUNCTION = 0x60;
const FUNCREF = 0x70;
const NO_RESULT = 0x40;
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTIONS = { type: 1, import: 2, function: 3, export: 7, code: 10 };

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
    throw new Refusal(`number at byte ${this.at} is longer than 32 bits`);
  }

  /** Skips a LEB128 of at most `most` bytes. */
  skipNumber(most: number): void {
    for (let count = 0; count < most; count++) if (this.byte() < 0x80) return;
    throw new Refusal(`number at byte ${this.at} is too long`);
  }

  expect(value: number, what: string): void {
    const byte = this.byte();
    if (byte !== value) throw new Refusal(`${what}: expected ${value}, got ${byte} at byte ${this.at - 1}`);
  }

  expectName(text: string): void {
    this.expect(text.length, 'name');
    for (const character of text) this.expect(character.charCodeAt(0), `name ${text}`);
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
  section(cursor, SECTIONS.code, () => {
    cursor.expect(1, 'number of bodies');
    cursor.within('the body', () => readBody(cursor, types));
  });
  if (cursor.at !== cursor.end) throw new Refusal(`a section more at byte ${cursor.at}`);
}

function section(cursor: Cursor, id: number, read: () => void): void {
  cursor.expect(id, 'section');
  cursor.within(`section ${id}`, read);
}

/** Type 0 is a unit's. @returns how many there are */
function readTypes(cursor: Cursor): number {
  const count = cursor.u32();
  if (count < 1 || count > MAX_TYPES) throw new Refusal(`${count} types`);
  for (let index = 0; index < count; index++) {
    cursor.expect(FUNCTION, 'type');
    const parameters = readValueTypes(cursor, MAX_PARAMETERS);
    const results = readValueTypes(cursor, 1);
    const isUnit = parameters.join() === `${I32}` && results.join() === `${I32}`;
    if (index === 0 && !isUnit) throw new Refusal('type 0 is not (i32) → i32');
  }
  return count;
}

function readValueTypes(cursor: Cursor, most: number): number[] {
  const count = cursor.u32();
  if (count > most) throw new Refusal(`${count} values in a type, at most ${most} are allowed`);
  return Array.from({ length: count }, () => readValueType(cursor));
}

function readValueType(cursor: Cursor): number {
  const type = cursor.byte();
  if (type !== I32 && type !== I64) throw new Refusal(`value type ${type}`);
  return type;
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

function readBody(cursor: Cursor, types: number): void {
  let locals = 1;
  const groups = cursor.u32();
  if (groups > MAX_LOCALS) throw new Refusal(`${groups} groups of locals`);
  for (let group = 0; group < groups; group++) {
    locals += cursor.u32();
    readValueType(cursor);
    if (locals > MAX_LOCALS) throw new Refusal(`more than ${MAX_LOCALS} locals`);
  }
  let depth = 1;
  while (depth > 0) {
    const opcode = cursor.byte();
    if (opcode === 0x0b) depth--;
    else if (immediates[opcode] === 'block') depth++;
    if (depth > MAX_NESTING) throw new Refusal(`more than ${MAX_NESTING} blocks in one another`);
    readImmediate(cursor, opcode, { depth, locals, types });
  }
}

function readImmediate(
  cursor: Cursor,
  opcode: number,
  { depth, locals, types }: { depth: number; locals: number; types: number },
): void {
  const below = (limit: number, what: string): void => {
    const index = cursor.u32();
    if (index >= limit) throw new Refusal(`${what} ${index} of ${limit}`);
  };
  switch (immediates[opcode]) {
    case 'none':
      return;
    case 'block': {
      const result = cursor.byte();
      if (result !== NO_RESULT && result !== I32 && result !== I64) throw new Refusal(`block type ${result}`);
      return;
    }
    case 'label':
      below(depth, 'label');
      return;
    case 'local':
      below(locals, 'local');
      return;
    case 'access':
      // Alignments from 64 on would say that a memory index follows.
      below(4, 'alignment');
      cursor.u32();
      return;
    case 'constant32':
      cursor.skipNumber(5);
      return;
    case 'constant64':
      cursor.skipNumber(10);
      return;
    case 'call':
      below(types, 'type');
      cursor.expect(0, 'table');
      return;
    default:
      throw new Refusal(`opcode 0x${opcode.toString(16)} at byte ${cursor.at - 1}`);
  }
}
