// Loads an ELF64 RISC-V executable from sandbox memory (System V ABI, chapters 4 and 5; RISC-V ELF psABI). The file is
// hostile: every offset is checked against its length, with 64-bit sums that cannot wrap.
import { RAM_BASE, RAM_GPA } from '../memory/layout.ts';

const HEADER_BYTES: u64 = 64;
const ELF_MAGIC: u32 = 0x464c_457f;
const CLASS64_LITTLE_ENDIAN: u16 = 0x0102;
const MACHINE_RISCV: u16 = 243;
const SEGMENT_LOAD: u32 = 1;
const SECTION_SYMBOLS: u32 = 2;
const PROGRAM_HEADER_BYTES: u64 = 56;
const SECTION_HEADER_BYTES: u64 = 64;
const SYMBOL_BYTES: u64 = 24;

/** Whether the bytes are an executable that loadElf can look at. */
export function isElf(file: usize, bytes: u32): bool {
  return (
    bytes >= <u32>HEADER_BYTES &&
    load<u32>(file) == ELF_MAGIC &&
    load<u16>(file, 4) == CLASS64_LITTLE_ENDIAN &&
    load<u16>(file, 18) == MACHINE_RISCV
  );
}

function isWithin(offset: u64, length: u64, bytes: u64): bool {
  return offset <= bytes && length <= bytes - offset;
}

/** Entry point of the file, all ones for none. */
export function elfEntry(file: usize): u64 {
  return load<u64>(file, 24);
}

/**
 * Copies the loadable segments to their physical addresses, zero-filled to their memory size.
 * @param limit sandbox address that no segment may reach (the file itself lies there)
 * @returns the empty string, or what is wrong
 */
export function loadElf(file: usize, bytes: u32, limit: usize): string {
  const table = load<u64>(file, 32);
  const count = <u64>load<u16>(file, 56);
  if (load<u16>(file, 54) != <u16>PROGRAM_HEADER_BYTES)
    return 'the ELF program headers have another size than 56';
  if (!isWithin(table, count * PROGRAM_HEADER_BYTES, bytes))
    return 'the ELF program headers are outside the file';
  for (let i: u64 = 0; i < count; i++) {
    const header = file + <usize>(table + i * PROGRAM_HEADER_BYTES);
    if (load<u32>(header) != SEGMENT_LOAD) continue;
    const offset = load<u64>(header, 8);
    const gpa = load<u64>(header, 24);
    const fileBytes = load<u64>(header, 32);
    const memoryBytes = load<u64>(header, 40);
    if (memoryBytes == 0) continue;
    if (!isWithin(offset, fileBytes, bytes) || fileBytes > memoryBytes)
      return 'an ELF segment is outside the file';
    if (gpa < RAM_GPA || !isWithin(gpa - RAM_GPA, memoryBytes, <u64>(limit - RAM_BASE))) {
      return 'an ELF segment does not fit into memory at its address';
    }
    const target = RAM_BASE + <usize>(gpa - RAM_GPA);
    memory.copy(target, file + <usize>offset, <usize>fileBytes);
    memory.fill(target + <usize>fileBytes, 0, <usize>(memoryBytes - fileBytes));
  }
  return '';
}

/** Value of a symbol, 0 when there is none of that name or the table is malformed. */
export function elfSymbol(file: usize, bytes: u32, name: string): u64 {
  const table = load<u64>(file, 40);
  const count = <u64>load<u16>(file, 60);
  if (load<u16>(file, 58) != <u16>SECTION_HEADER_BYTES) return 0;
  if (!isWithin(table, count * SECTION_HEADER_BYTES, bytes)) return 0;
  for (let i: u64 = 0; i < count; i++) {
    const section = file + <usize>(table + i * SECTION_HEADER_BYTES);
    if (load<u32>(section, 4) != SECTION_SYMBOLS) continue;
    const link = <u64>load<u32>(section, 40);
    if (link >= count) continue;
    const strings = file + <usize>(table + link * SECTION_HEADER_BYTES);
    // A file has one table of symbols (gABI, "Section Types"); thousands that overlap would take minutes.
    return searchSymbols(file, bytes, section, strings, name);
  }
  return 0;
}

function searchSymbols(file: usize, bytes: u32, section: usize, strings: usize, name: string): u64 {
  const at = load<u64>(section, 24);
  const length = load<u64>(section, 32);
  const namesAt = load<u64>(strings, 24);
  const namesLength = load<u64>(strings, 32);
  if (!isWithin(at, length, bytes) || !isWithin(namesAt, namesLength, bytes)) return 0;
  for (let i: u64 = 0; i < length / SYMBOL_BYTES; i++) {
    const symbol = file + <usize>(at + i * SYMBOL_BYTES);
    const nameAt = <u64>load<u32>(symbol);
    if (!isWithin(nameAt, <u64>name.length + 1, namesLength)) continue;
    if (isNamed(file + <usize>(namesAt + nameAt), name)) return load<u64>(symbol, 8);
  }
  return 0;
}

function isNamed(at: usize, name: string): bool {
  for (let i: i32 = 0; i < name.length; i++) {
    if (load<u8>(at + i) != <u8>name.charCodeAt(i)) return false;
  }
  return load<u8>(at + name.length) == 0;
}
