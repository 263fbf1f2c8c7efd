// Writes WebAssembly modules of one function, a unit, into MODULE (WebAssembly Core Specification 2.0, §5; the tail-call
// proposal). A unit takes what is left of the slice's instructions and gives back what it left. It imports the guest's
// memory and table and nothing else: whatever it calls, it calls through the table.
import { MODULE, MODULE_BYTES, REGION } from '../machine/memory/layout.ts';

export const TYPE_UNIT: u32 = 0;
export const TYPE_LOAD: u32 = 1;
export const TYPE_TARGET: u32 = 2;
export const TYPE_DONE: u32 = 3;
export const TYPE_CONDITIONAL: u32 = 4;
export const TYPE_BINARY: u32 = 5;
export const TYPE_FLOAT: u32 = 6;
export const TYPE_SYSTEM: u32 = 7;

const I32: u8 = 0x7f;
const I64: u8 = 0x7e;
const F32: u8 = 0x7d;
const F64: u8 = 0x7c;
/** Room behind the code for the sections of hints and names. */
const RESERVE: usize = 0x10000;

/** Offsets in the function's body of branches that are hardly ever taken, u32 each. */
const HINTS: usize = REGION + 0xa000;
const MAX_HINTS: u32 = 4096;
let hints: u32 = 0;

export const OP_BLOCK: u8 = 0x02;
export const OP_LOOP: u8 = 0x03;
export const OP_IF: u8 = 0x04;
export const OP_ELSE: u8 = 0x05;
export const OP_END: u8 = 0x0b;
export const OP_BR: u8 = 0x0c;
export const OP_RETURN: u8 = 0x0f;
export const NO_RESULT: u8 = 0x40;
export const RESULT_I32: u8 = I32;

let at: usize = 0;
/** Where what is being written ends at the latest: what would come behind is not written, and the module given up. */
let end: usize = 0;
let isFull: bool = false;

export function emit(byte: u8): void {
  if (reserveBytes(1)) store<u8>(at++, byte);
}

/** Whether so many bytes more have room. */
function reserveBytes(bytes: usize): bool {
  if (at + bytes > end) isFull = true;
  return !isFull;
}

export function emitU32(value: u32): void {
  let rest = value;
  while (rest >= 0x80) {
    emit(<u8>(rest | 0x80));
    rest >>>= 7;
  }
  emit(<u8>rest);
}

function emitS64(value: i64): void {
  let rest = value;
  while (rest > 63 || rest < -64) {
    emit(<u8>(rest | 0x80));
    rest >>= 7;
  }
  emit(<u8>(rest & 0x7f));
}

export function emitConst32(value: i32): void {
  emit(0x41);
  emitS64(value);
}

export function emitConst64(value: i64): void {
  emit(0x42);
  emitS64(value);
}

export function emitConstDouble(value: f64): void {
  emit(0x44);
  if (!reserveBytes(8)) return;
  store<f64>(at, value);
  at += 8;
}

export function emitConstSingle(value: f32): void {
  emit(0x43);
  if (!reserveBytes(4)) return;
  store<f32>(at, value);
  at += 4;
}

/** An instruction of two parts: the prefix and a number. */
export function emitPrefixed(prefix: u8, number: u32): void {
  emit(prefix);
  emitU32(number);
}

export function emitGet(local: u32): void {
  emit(0x20);
  emitU32(local);
}

export function emitSet(local: u32): void {
  emit(0x21);
  emitU32(local);
}

export function emitTee(local: u32): void {
  emit(0x22);
  emitU32(local);
}

/** A load or store: its opcode, and the constant part of its address. Alignment is only a hint: none is claimed. */
export function emitAccess(opcode: u8, offset: usize): void {
  emit(opcode);
  emit(0);
  emitU32(<u32>offset);
}

export function emitCallIndirect(type: u32): void {
  emit(0x11);
  emitU32(type);
  emit(0);
}

export function emitTailCallIndirect(type: u32): void {
  emit(0x13);
  emitU32(type);
  emit(0);
}

/** An `if` whose condition hardly ever holds: the engine moves what follows out of the way. */
export function emitUnlikelyIf(): void {
  if (hints < MAX_HINTS) {
    store<u32>(HINTS + ((<usize>hints) << 2), <u32>(at - codeBody));
    hints++;
  }
  emit(OP_IF);
  emit(NO_RESULT);
}

/** Whether all that was emitted is in the module. */
export function hasRoom(): bool {
  return !isFull;
}

/** A length of five bytes that `endLength` fills in. */
function beginLength(): usize {
  at += 5;
  return at;
}

function endLength(start: usize): void {
  let length = <u32>(at - start);
  for (let i: usize = 5; i > 1; i--) {
    store<u8>(start - i, <u8>(length | 0x80));
    length >>>= 7;
  }
  store<u8>(start - 1, <u8>length);
}

/** Bytes of a section's id and length. */
const SECTION_HEAD: usize = 6;

function beginSection(id: u8): usize {
  emit(id);
  return beginLength();
}

function emitName(text: string): void {
  emitU32(text.length);
  for (let i = 0; i < text.length; i++) emit(<u8>text.charCodeAt(i));
}

/** A type by its letters: i for i32, l for i64, then its result after a colon. */
function emitType(text: string): void {
  emit(0x60);
  const colon = text.indexOf(':');
  emitU32(colon);
  for (let i = 0; i < colon; i++) emit(text.charCodeAt(i) == 0x6c ? I64 : I32);
  emitU32(text.length - colon - 1);
  if (colon + 1 < text.length) emit(text.charCodeAt(colon + 1) == 0x6c ? I64 : I32);
}

let codeSection: usize = 0;
let codeBody: usize = 0;

/** Writes everything up to the function's first instruction. Locals: the parameters, then i64s, i32s, f64s, f32s. */
export function beginModule(i64Locals: u32, i32Locals: u32, floatLocals: u32): void {
  at = MODULE;
  end = MODULE + MODULE_BYTES - RESERVE;
  isFull = false;
  hints = 0;
  store<u64>(at, 0x0000_0001_6d73_6100);
  at += 8;
  const types = beginSection(1);
  emitU32(8);
  emitType('iili:i');
  emitType('lii:i');
  emitType('li:i');
  emitType('ii:');
  emitType('lili:i');
  emitType('ll:l');
  emitType('i:i');
  emitType('liii:i');
  endLength(types);
  const imports = beginSection(2);
  emitU32(2);
  emitName('env');
  emitName('memory');
  emit(2);
  emit(3);
  emitU32(1);
  emitU32(65536);
  emitName('env');
  emitName('table');
  emit(1);
  emit(0x70);
  emit(0);
  emitU32(1);
  endLength(imports);
  const functions = beginSection(3);
  emitU32(1);
  emitU32(TYPE_UNIT);
  endLength(functions);
  const exports = beginSection(7);
  emitU32(1);
  emitName('0');
  emit(0);
  emitU32(0);
  endLength(exports);
  codeSection = beginSection(10);
  emitU32(1);
  codeBody = beginLength();
  emitU32(4);
  emitU32(i64Locals);
  emit(I64);
  emitU32(i32Locals);
  emit(I32);
  emitU32(floatLocals);
  emit(F64);
  emitU32(floatLocals);
  emit(F32);
}

/** Ends the function, which is named after the address where its unit begins; the module's length in bytes, 0 if it does not fit. */
export function endModule(address: u64): u32 {
  emit(OP_END);
  if (isFull) return 0;
  end = MODULE + MODULE_BYTES;
  endLength(codeBody);
  endLength(codeSection);
  insertHints();
  writeName(address);
  return <u32>(at - MODULE);
}

/** Writes the section of names (§7.4.1): `unit` and the address, for whoever looks at profiles. */
function writeName(address: u64): void {
  const section = beginSection(0);
  emitName('name');
  emit(1);
  const names = beginLength();
  emitU32(1);
  emitU32(0);
  emitU32(21);
  for (let i = 0; i < 5; i++) emit(<u8>'unit '.charCodeAt(i));
  for (let shift: i32 = 60; shift >= 0; shift -= 4) {
    const digit = <u8>((address >> <u64>shift) & 15);
    emit(digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
  endLength(names);
  endLength(section);
}

/** Writes the section of branch hints (WebAssembly Code Metadata, §2), which has to come before the code. */
function insertHints(): void {
  const code = codeSection - SECTION_HEAD;
  const codeEnd = at;
  const section = beginSection(0);
  emitName('metadata.code.branch_hint');
  emitU32(1);
  emitU32(0);
  emitU32(hints);
  for (let i: u32 = 0; i < hints; i++) {
    emitU32(load<u32>(HINTS + ((<usize>i) << 2)));
    emitU32(1);
    emit(0);
  }
  endLength(section);
  const length = at - codeEnd;
  memory.copy(code + length, code, at - code);
  memory.copy(code, at, length);
}
