// A module of published code taken apart into sections and instructions, and put together again with sizes that are
// right: so that a mutant of it gets past the outer layers of the check.
import { IMMEDIATES, immediates } from '../opcodes.ts';
import { HEADER, leb } from './unit-module.ts';

export interface Section {
  id: number;
  /** Of the code section: made of `functions` when it is written. */
  body: Uint8Array;
}
export interface FunctionBody {
  locals: Uint8Array;
  /** Each with its immediates; the final `end` is the last. */
  instructions: Uint8Array[];
}
export interface ModuleParts {
  sections: Section[];
  functions: FunctionBody[];
}

const CODE_SECTION = 10;
const PREFIX_VECTOR = 0xfd;
const EXTRACT_LANE = 0x21;

class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  u32(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  skipNumber(): void {
    while ((this.bytes[this.at++] as number) >= 0x80);
  }
}

/** @param module one that the check admits */
export function takeApart(module: Uint8Array): ModuleParts {
  const reader = new Reader(module, HEADER.length);
  const parts: ModuleParts = { sections: [], functions: [] };
  while (reader.at < module.length) {
    const id = reader.u32();
    const body = reader.take(reader.u32());
    parts.sections.push({ id, body });
    if (id === CODE_SECTION) parts.functions = readFunctions(body);
  }
  return parts;
}

function readFunctions(body: Uint8Array): FunctionBody[] {
  const reader = new Reader(body);
  return Array.from({ length: reader.u32() }, () => readFunction(reader.take(reader.u32())));
}

function readFunction(bytes: Uint8Array): FunctionBody {
  const reader = new Reader(bytes);
  for (let groups = reader.u32(); groups > 0; groups--) {
    reader.skipNumber();
    reader.at++;
  }
  const locals = bytes.subarray(0, reader.at);
  const instructions: Uint8Array[] = [];
  while (reader.at < bytes.length) {
    const start = reader.at;
    skipInstruction(reader);
    instructions.push(bytes.subarray(start, reader.at));
  }
  return { locals, instructions };
}

function skipInstruction(reader: Reader): void {
  const opcode = reader.bytes[reader.at++] as number;
  switch (immediates[opcode]) {
    case IMMEDIATES.block:
      reader.at++;
      break;
    case IMMEDIATES.label:
    case IMMEDIATES.local:
    case IMMEDIATES.constant32:
    case IMMEDIATES.constant64:
    case IMMEDIATES.saturating:
      reader.skipNumber();
      break;
    case IMMEDIATES.access:
    case IMMEDIATES.call:
      reader.skipNumber();
      reader.skipNumber();
      break;
    case IMMEDIATES.constantF32:
      reader.at += 4;
      break;
    case IMMEDIATES.constantF64:
      reader.at += 8;
      break;
    case IMMEDIATES.vector:
      if (opcode === PREFIX_VECTOR && reader.u32() === EXTRACT_LANE) reader.at++;
      break;
    default:
      break;
  }
}

function joined(pieces: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function codeBody(functions: readonly FunctionBody[]): Uint8Array {
  const pieces: (Uint8Array | readonly number[])[] = [leb(functions.length)];
  for (const { locals, instructions } of functions) {
    const length = instructions.reduce((sum, { length: bytes }) => sum + bytes, locals.length);
    pieces.push(leb(length), locals, ...instructions);
  }
  return joined(pieces);
}

/** @param claim what a section says of its length, where that is to differ */
export function putTogether(
  { sections, functions }: ModuleParts,
  claim: (index: number, length: number) => number[] = (_, length) => leb(length),
): Uint8Array<ArrayBuffer> {
  const pieces: (Uint8Array | readonly number[])[] = [HEADER];
  sections.forEach(({ id, body: given }, index) => {
    const body = id === CODE_SECTION ? codeBody(functions) : given;
    pieces.push([id], claim(index, body.length), body);
  });
  return joined(pieces);
}
