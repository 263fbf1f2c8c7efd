// The smallest ELF file that carries a program: one segment and absolute symbols, `tohost` at least
// (System V gABI, chapters 4 and 5; RISC-V ELF psABI §8).
import { CODE_BASE, TOHOST } from './generator/memory-layout.ts';

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const SEGMENT_OFFSET = 0x1000;
const MACHINE_RISCV = 243;

function section(
  view: DataView,
  at: number,
  fields: { name: number; type: number; offset: number; size: number; link: number },
): void {
  view.setUint32(at, fields.name, true);
  view.setUint32(at + 4, fields.type, true);
  view.setBigUint64(at + 24, BigInt(fields.offset), true);
  view.setBigUint64(at + 32, BigInt(fields.size), true);
  view.setUint32(at + 40, fields.link, true);
  view.setUint32(at + 44, fields.type === 2 ? 1 : 0, true);
  view.setBigUint64(at + 48, 8n, true);
  view.setBigUint64(at + 56, fields.type === 2 ? 24n : 0n, true);
}

/** An executable of the image at 0x8000_0000, entered at its first byte. @param symbols name → address */
export function buildElf(
  image: Uint8Array,
  symbols: Readonly<Record<string, number>> = { tohost: TOHOST },
): Uint8Array {
  const names = Object.keys(symbols);
  const text = `\0.strtab\0.symtab\0${names.map((name) => `${name}\0`).join('')}`;
  const strings = new TextEncoder().encode(text);
  const stringsAt = SEGMENT_OFFSET + image.length;
  const symbolsAt = (stringsAt + strings.length + 7) & ~7;
  const symbolBytes = (names.length + 1) * SYMBOL_BYTES;
  const sectionsAt = symbolsAt + symbolBytes;
  const file = new Uint8Array(sectionsAt + 3 * SECTION_HEADER_BYTES);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, MACHINE_RISCV, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE_BASE), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setBigUint64(40, BigInt(sectionsAt), true);
  view.setUint32(48, 5, true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, 1, true);
  view.setUint16(58, SECTION_HEADER_BYTES, true);
  view.setUint16(60, 3, true);
  view.setUint16(62, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  view.setBigUint64(72, BigInt(SEGMENT_OFFSET), true);
  view.setBigUint64(80, BigInt(CODE_BASE), true);
  view.setBigUint64(88, BigInt(CODE_BASE), true);
  view.setBigUint64(96, BigInt(image.length), true);
  view.setBigUint64(104, BigInt(image.length), true);
  view.setBigUint64(112, BigInt(SEGMENT_OFFSET), true);
  file.set(image, SEGMENT_OFFSET);
  file.set(strings, stringsAt);
  names.forEach((name, index) => {
    const at = symbolsAt + (index + 1) * SYMBOL_BYTES;
    view.setUint32(at, text.indexOf(`\0${name}\0`) + 1, true);
    view.setUint8(at + 4, 0x10);
    view.setUint16(at + 6, 0xfff1, true);
    view.setBigUint64(at + 8, BigInt(symbols[name] ?? 0), true);
    view.setBigUint64(at + 16, 8n, true);
  });
  section(view, sectionsAt + SECTION_HEADER_BYTES, {
    name: 1,
    type: 3,
    offset: stringsAt,
    size: strings.length,
    link: 0,
  });
  section(view, sectionsAt + 2 * SECTION_HEADER_BYTES, {
    name: 9,
    type: 2,
    offset: symbolsAt,
    size: symbolBytes,
    link: 1,
  });
  return file;
}
