// Published code as text, for people: one line for each statement, that is for the instructions from one empty stack to
// the next (WebAssembly Core Specification 2.0, §5 and §6). For modules that the check has admitted.
import { CONTROL, type OpcodeName, opcodeNames, saturatingNames, vectorNames } from './opcode-names.ts';
import { IMMEDIATES, immediates } from './opcodes.ts';

export interface UnitLine {
  /** Blocks around it. */
  depth: number;
  instructions: readonly string[];
}

export interface UnitText {
  /** As the module's name section has it. */
  name: string;
  lines: readonly UnitLine[];
}

const SECTIONS = { custom: 0, type: 1, code: 10 };
const FUNCTION_NAMES = 1;
const HEADER_BYTES = 8;
const NO_RESULT = 0x40;
const typeNames: Record<number, string> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64' };

/** @param localName what a local is to be called, by its number */
export function unitTexts(bytes: Uint8Array, localName: (local: number) => string): UnitText[] {
  const types: FunctionType[] = [];
  const bodies: Reader[] = [];
  let names = new Map<number, string>();
  const reader = new Reader(bytes);
  reader.skip(HEADER_BYTES);
  while (!reader.isAtEnd) {
    const id = reader.byte();
    const section = reader.part();
    if (id === SECTIONS.type) types.push(...section.vector(readType));
    else if (id === SECTIONS.code) bodies.push(...section.vector((each) => each.part()));
    else if (id === SECTIONS.custom && section.text() === 'name') names = readNames(section);
  }
  return bodies.map((body, index) => ({
    name: names.get(index) ?? '',
    lines: new Statements(body, types, localName).read(),
  }));
}

interface FunctionType {
  takes: number;
  puts: number;
}

function readType(reader: Reader): FunctionType {
  reader.byte();
  const takes = reader.vector((each) => each.byte()).length;
  return { takes, puts: reader.vector((each) => each.byte()).length };
}

function readNames(section: Reader): Map<number, string> {
  const kind = section.byte();
  const names = section.part();
  return new Map(kind === FUNCTION_NAMES ? names.vector((each) => [each.u32(), each.text()] as const) : []);
}

class Statements {
  readonly #reader: Reader;
  readonly #types: readonly FunctionType[];
  readonly #localName: (local: number) => string;
  readonly #lines: UnitLine[] = [];
  /** Values on the stack where each block began, and how many it leaves. */
  readonly #blocks: { height: number; puts: number }[] = [];
  #height = 0;
  #line: string[] = [];

  constructor(reader: Reader, types: readonly FunctionType[], localName: (local: number) => string) {
    this.#reader = reader;
    this.#types = types;
    this.#localName = localName;
  }

  read(): UnitLine[] {
    const reader = this.#reader;
    reader.vector((group) => {
      group.u32();
      group.byte();
    });
    while (!reader.isAtEnd) this.#instruction(reader.byte());
    return this.#lines;
  }

  #instruction(opcode: number): void {
    if (opcode === CONTROL.end || opcode === CONTROL.else) {
      this.#endBlock(opcode);
      return;
    }
    const { name, takes, puts } = this.#named(opcode);
    this.#line.push(name);
    this.#height += puts - takes;
    const isBlock = immediates[opcode] === IMMEDIATES.block;
    if (isBlock || this.#height <= this.#base) this.#endLine(this.#blocks.length);
    if (isBlock) this.#blocks.push({ height: this.#height, puts: this.#results });
  }

  get #base(): number {
    return this.#blocks.at(-1)?.height ?? 0;
  }

  #results = 0;

  /** The instruction with what follows it. */
  #named(opcode: number): OpcodeName {
    const reader = this.#reader;
    const known = opcodeNames.get(opcode);
    switch (immediates[opcode]) {
      case IMMEDIATES.block:
        return this.#block(opcode);
      case IMMEDIATES.label:
        return {
          name: `${nameOfControl(opcode)} ${reader.u32()}`,
          takes: opcode === CONTROL.br_if ? 1 : 0,
          puts: 0,
        };
      case IMMEDIATES.call:
        return this.#call(opcode);
      case IMMEDIATES.local:
        return followed(known, this.#localName(reader.u32()));
      case IMMEDIATES.access:
        return followed(known, accessText(reader));
      case IMMEDIATES.constant32:
      case IMMEDIATES.constant64:
        return followed(known, String(reader.signed()));
      case IMMEDIATES.constantF32:
        return followed(known, floatText(reader.view(4).getFloat32(0, true)));
      case IMMEDIATES.constantF64:
        return followed(known, floatText(reader.view(8).getFloat64(0, true)));
      case IMMEDIATES.saturating:
        return { name: saturatingNames[reader.u32()] ?? 'unknown', takes: 1, puts: 1 };
      case IMMEDIATES.vector:
        return this.#vector();
      default:
        return known ?? { name: nameOfControl(opcode), takes: opcode === CONTROL.return ? 1 : 0, puts: 0 };
    }
  }

  #block(opcode: number): OpcodeName {
    const type = this.#reader.byte();
    this.#results = type === NO_RESULT ? 0 : 1;
    const result = type === NO_RESULT ? '' : ` (result ${typeNames[type] ?? 'unknown'})`;
    return { name: `${nameOfControl(opcode)}${result}`, takes: opcode === CONTROL.if ? 1 : 0, puts: 0 };
  }

  #call(opcode: number): OpcodeName {
    const index = this.#reader.u32();
    this.#reader.byte();
    const { takes, puts } = this.#types[index] ?? { takes: 0, puts: 0 };
    const isLast = opcode === CONTROL.return_call_indirect;
    return {
      name: `${nameOfControl(opcode)} (type ${index})`,
      takes: takes + 1,
      puts: isLast ? 0 : puts,
    };
  }

  #vector(): OpcodeName {
    const number = this.#reader.u32();
    const known = vectorNames.get(number);
    return known?.name.endsWith('lane') === true
      ? followed(known, String(this.#reader.byte()))
      : (known as OpcodeName);
  }

  /** What leaves a block for good leaves values behind that nobody counts: at its end they are what it says. */
  #endBlock(opcode: number): void {
    const depth = Math.max(this.#blocks.length - 1, 0);
    this.#endLine(this.#blocks.length);
    this.#line.push(nameOfControl(opcode));
    const block = this.#blocks.at(-1);
    if (opcode === CONTROL.else) {
      this.#height = block?.height ?? 0;
      this.#endLine(depth);
      return;
    }
    this.#blocks.pop();
    this.#height = (block?.height ?? 0) + (block?.puts ?? 0);
    if (this.#height <= this.#base) this.#endLine(depth);
  }

  #endLine(depth: number): void {
    if (this.#line.length > 0) this.#lines.push({ depth, instructions: this.#line });
    this.#line = [];
    if (this.#height < this.#base) this.#height = this.#base;
  }
}

const controlNames = new Map<number, string>(Object.entries(CONTROL).map(([name, opcode]) => [opcode, name]));
const nameOfControl = (opcode: number): string =>
  controlNames.get(opcode) ?? `unknown 0x${opcode.toString(16)}`;

const followed = (known: OpcodeName | undefined, text: string): OpcodeName => {
  const { name = 'unknown', takes = 0, puts = 0 } = known ?? {};
  return { name: text === '' ? name : `${name} ${text}`, takes, puts };
};

/** The alignment is only a hint. */
function accessText(reader: Reader): string {
  reader.u32();
  const offset = reader.u32();
  return offset === 0 ? '' : `offset=${offset}`;
}

const floatText = (value: number): string =>
  Object.is(value, -0) ? '-0' : String(value).replace('Infinity', 'inf').replace('NaN', 'nan');

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    if (this.isAtEnd) throw new RangeError('the module ends too early');
    return this.#bytes[this.#at++] as number;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  u32(): number {
    return Number(this.#leb());
  }

  signed(): bigint {
    const from = this.#at;
    const value = this.#leb();
    const bits = 7 * (this.#at - from);
    return BigInt.asIntN(bits, value);
  }

  #leb(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(this.byte());
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return value;
    }
  }

  /** What its length stands before. */
  part(): Reader {
    return new Reader(this.#take(this.u32()));
  }

  view(bytes: number): DataView {
    const taken = this.#take(bytes);
    return new DataView(taken.buffer, taken.byteOffset, bytes);
  }

  text(): string {
    return Buffer.from(this.#take(this.u32())).toString('utf8');
  }

  /** What its number stands before. */
  vector<T>(read: (reader: Reader) => T): T[] {
    return Array.from({ length: this.u32() }, () => read(this));
  }

  #take(bytes: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + bytes);
    if (taken.length < bytes) throw new RangeError('the module ends too early');
    this.#at += bytes;
    return taken;
  }
}
