// Smallest 64-bit ELF files for tests: named sections, a dynamic section, an interpreter.

export interface ElfFixture {
  readonly sections?: Readonly<Record<string, Buffer>>;
  readonly needed?: readonly string[];
  readonly interpreter?: string;
}

interface SectionRow {
  readonly name: string;
  readonly type: number;
  readonly link: number;
  readonly bytes: Buffer;
}

export function makeElf(fixture: ElfFixture): Buffer {
  const rows: SectionRow[] = [{ name: '', type: 0, link: 0, bytes: Buffer.alloc(0) }];
  for (const [name, bytes] of Object.entries(fixture.sections ?? {}))
    rows.push({ name, type: 1, link: 0, bytes });
  if (fixture.needed !== undefined) {
    const { bytes: strings, offsets } = stringTable(fixture.needed);
    rows.push({ name: '.dynstr', type: 3, link: 0, bytes: strings });
    const entries = [...offsets.map((offset) => dynamicEntry(1, offset)), dynamicEntry(0, 0)];
    rows.push({ name: '.dynamic', type: 6, link: rows.length - 1, bytes: Buffer.concat(entries) });
  }
  const names = stringTable([...rows.map((row) => row.name), '.shstrtab']);
  rows.push({ name: '.shstrtab', type: 3, link: 0, bytes: names.bytes });
  const interpreter = Buffer.from(fixture.interpreter === undefined ? '' : `${fixture.interpreter}\0`);
  const programHeaders = fixture.interpreter === undefined ? 0 : 1;
  const interpreterOffset = 64 + 56 * programHeaders;
  let offset = interpreterOffset + interpreter.length;
  const placed = rows.map((row) => {
    const at = offset;
    offset += row.bytes.length;
    return at;
  });
  const header = elfHeader({ sectionTable: offset, sections: rows.length, programHeaders });
  const segment = Buffer.alloc(56 * programHeaders);
  if (programHeaders === 1) {
    segment.writeUInt32LE(3, 0);
    segment.writeBigUInt64LE(BigInt(interpreterOffset), 8);
    segment.writeBigUInt64LE(BigInt(interpreter.length), 32);
  }
  const table = rows.map((row, index) => sectionHeader(row, names.offsets[index]!, placed[index]!));
  return Buffer.concat([header, segment, interpreter, ...rows.map((row) => row.bytes), ...table]);
}

/** A kernel module as far as the builder looks at it. */
export function makeModule(info: readonly string[]): Buffer {
  return makeElf({ sections: { '.modinfo': Buffer.from(info.map((line) => `${line}\0`).join('')) } });
}

/** Appends something shaped like a module signature. */
export function signModule(module: Buffer, signatureBytes: number): Buffer {
  const trailer = Buffer.alloc(12);
  trailer[2] = 2;
  trailer.writeUInt32BE(signatureBytes, 8);
  const marker = Buffer.from('~Module signature appended~\n');
  return Buffer.concat([module, Buffer.alloc(signatureBytes, 0x5a), trailer, marker]);
}

function stringTable(names: readonly string[]): { bytes: Buffer; offsets: number[] } {
  let text = '\0';
  const offsets = names.map((name) => {
    const at = text.length;
    text += `${name}\0`;
    return at;
  });
  return { bytes: Buffer.from(text, 'latin1'), offsets };
}

function dynamicEntry(tag: number, value: number): Buffer {
  const entry = Buffer.alloc(16);
  entry.writeBigUInt64LE(BigInt(tag), 0);
  entry.writeBigUInt64LE(BigInt(value), 8);
  return entry;
}

function elfHeader(shape: { sectionTable: number; sections: number; programHeaders: number }): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(243, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeBigUInt64LE(BigInt(shape.sectionTable), 40);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(shape.programHeaders, 56);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(shape.sections, 60);
  header.writeUInt16LE(shape.sections - 1, 62);
  return header;
}

function sectionHeader(row: SectionRow, nameOffset: number, offset: number): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32LE(nameOffset, 0);
  header.writeUInt32LE(row.type, 4);
  header.writeBigUInt64LE(BigInt(offset), 24);
  header.writeBigUInt64LE(BigInt(row.bytes.length), 32);
  header.writeUInt32LE(row.link, 40);
  return header;
}
