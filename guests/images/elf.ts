// What the builder needs from 64-bit little-endian ELF files (System V gABI, chapters 4 and 5): the sections of a
// kernel module, the libraries and the interpreter of a program. The files come from packages, so every offset is
// checked before it is used.
import { ImageError } from './image-error.ts';

const SHT_DYNAMIC = 6;
const PT_INTERP = 3;
const DT_NULL = 0n;
const DT_NEEDED = 1n;
/** Longer than any name in a file that works: thousands of headers may name one and the same string. */
const MAX_STRING_BYTES = 4096;

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  /** Index of another section: a table of strings or symbols. */
  readonly link: number;
  /** Empty for sections without contents in the file. */
  readonly bytes: Buffer;
  /** The 64 bytes of the section header. */
  readonly header: Buffer;
}

/** True when the bytes begin like a 64-bit little-endian ELF file. */
export function isElf(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 64 &&
    bytes[0] === 0x7f &&
    bytes[1] === 0x45 &&
    bytes[2] === 0x4c &&
    bytes[3] === 0x46 &&
    bytes[4] === 2 &&
    bytes[5] === 1
  );
}

/** Keys of a module's `.modinfo` section, in order, each with all its values (`depends`, `alias`, `softdep`, …). */
export function readModinfo(module: Buffer): Map<string, string[]> {
  const section = readSections(module).find((candidate) => candidate.name === '.modinfo');
  if (section === undefined)
    throw new ImageError('elf-invalid', 'a kernel module without a .modinfo section');
  const info = new Map<string, string[]>();
  for (const line of section.bytes.toString('latin1').split('\0')) {
    const equals = line.indexOf('=');
    if (equals <= 0) continue;
    const key = line.slice(0, equals);
    const values = info.get(key) ?? [];
    values.push(line.slice(equals + 1));
    info.set(key, values);
  }
  return info;
}

export interface DynamicLinking {
  /** Sonames, DT_NEEDED in order. */
  readonly needed: readonly string[];
  /** PT_INTERP, such as /lib/ld-linux-riscv64-lp64d.so.1. */
  readonly interpreter: string | undefined;
}

/** What a program or library asks the dynamic linker for; nothing for static ones. */
export function readDynamicLinking(file: Buffer): DynamicLinking {
  const sections = readSections(file);
  const dynamic = sections.find((section) => section.type === SHT_DYNAMIC);
  const needed: string[] = [];
  if (dynamic !== undefined) {
    const strings = sections[dynamic.link]?.bytes;
    if (strings === undefined) throw invalid('the dynamic section names no string table');
    for (let offset = 0; offset + 16 <= dynamic.bytes.length; offset += 16) {
      const tag = dynamic.bytes.readBigUInt64LE(offset);
      if (tag === DT_NULL) break;
      if (tag === DT_NEEDED)
        needed.push(stringAt(strings, Number(dynamic.bytes.readBigUInt64LE(offset + 8))));
    }
  }
  return { needed, interpreter: readInterpreter(file) };
}

function readInterpreter(file: Buffer): string | undefined {
  const tableOffset = Number(file.readBigUInt64LE(32));
  const entrySize = file.readUInt16LE(54);
  const count = file.readUInt16LE(56);
  if (count === 0) return undefined;
  const table = slice(file, tableOffset, entrySize * count);
  for (let index = 0; index < count; index++) {
    const header = slice(table, index * entrySize, 56);
    if (header.readUInt32LE(0) !== PT_INTERP) continue;
    const text = slice(file, Number(header.readBigUInt64LE(8)), Number(header.readBigUInt64LE(32)));
    return stringAt(text, 0);
  }
  return undefined;
}

/** All sections in the order of the section header table. */
export function readSections(file: Buffer): ElfSection[] {
  if (!isElf(file)) throw invalid('no 64-bit little-endian ELF header');
  const tableOffset = Number(file.readBigUInt64LE(40));
  const entrySize = file.readUInt16LE(58);
  const count = file.readUInt16LE(60);
  const namesIndex = file.readUInt16LE(62);
  if (count === 0) return [];
  if (entrySize < 64) throw invalid(`section headers of ${entrySize} bytes`);
  const table = slice(file, tableOffset, entrySize * count);
  const raw = Array.from({ length: count }, (_, index) => readSectionHeader(file, table, index * entrySize));
  const names = raw[namesIndex]?.bytes;
  if (names === undefined) throw invalid('no section of section names');
  return raw.map((section) => ({ ...section, name: stringAt(names, section.nameOffset) }));
}

function readSectionHeader(file: Buffer, table: Buffer, offset: number) {
  const type = table.readUInt32LE(offset + 4);
  const fileOffset = Number(table.readBigUInt64LE(offset + 24));
  const size = Number(table.readBigUInt64LE(offset + 32));
  const SHT_NULL = 0;
  const SHT_NOBITS = 8;
  const isEmpty = type === SHT_NULL || type === SHT_NOBITS;
  return {
    nameOffset: table.readUInt32LE(offset),
    type,
    link: table.readUInt32LE(offset + 40),
    header: table.subarray(offset, offset + 64),
    bytes: isEmpty ? Buffer.alloc(0) : slice(file, fileOffset, size),
  };
}

function slice(bytes: Buffer, offset: number, length: number): Buffer {
  const end = offset + length;
  if (!Number.isSafeInteger(end) || end > bytes.length) {
    throw invalid(`bytes ${offset} to ${end} of ${bytes.length}`);
  }
  return bytes.subarray(offset, end);
}

/** The NUL-terminated string there. */
export function stringAt(table: Buffer, offset: number): string {
  const end = table.subarray(0, offset + MAX_STRING_BYTES).indexOf(0, offset);
  if (offset >= table.length || end < 0) throw invalid(`a string at ${offset} of ${table.length} bytes`);
  return table.toString('latin1', offset, end);
}

function invalid(what: string): ImageError {
  return new ImageError('elf-invalid', `malformed ELF file: ${what}`);
}
