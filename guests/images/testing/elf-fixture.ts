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
  readonly alignment?: number;
  readonly info?: number;
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
  return assemble(rows, fixture.interpreter);
}

function assemble(sections: readonly SectionRow[], interpreterPath: string | undefined): Buffer {
  const names = stringTable([...sections.map((row) => row.name), '.shstrtab']);
  const rows = [...sections, { name: '.shstrtab', type: 3, link: 0, bytes: names.bytes }];
  const interpreter = Buffer.from(interpreterPath === undefined ? '' : `${interpreterPath}\0`);
  const programHeaders = interpreterPath === undefined ? 0 : 1;
  const interpreterOffset = 64 + 56 * programHeaders;
  let offset = interpreterOffset + interpreter.length;
  const contents: Buffer[] = [];
  const placed = rows.map((row) => {
    const padding = -offset & ((row.alignment ?? 1) - 1);
    contents.push(Buffer.alloc(padding), row.bytes);
    offset += padding + row.bytes.length;
    return offset - row.bytes.length;
  });
  const header = elfHeader({ sectionTable: offset, sections: rows.length, programHeaders });
  const segment = Buffer.alloc(56 * programHeaders);
  if (programHeaders === 1) {
    segment.writeUInt32LE(3, 0);
    segment.writeBigUInt64LE(BigInt(interpreterOffset), 8);
    segment.writeBigUInt64LE(BigInt(interpreter.length), 32);
  }
  const table = rows.map((row, index) => sectionHeader(row, names.offsets[index]!, placed[index]!));
  return Buffer.concat([header, segment, interpreter, ...contents, ...table]);
}

/** A kernel module as far as the builder looks at it. */
export function makeModule(info: readonly string[]): Buffer {
  return makeElf({ sections: { '.modinfo': Buffer.from(info.map((line) => `${line}\0`).join('')) } });
}

export interface SymbolFixture {
  readonly name: string;
  readonly bind: number;
  readonly type: number;
  readonly value: number;
}

export interface RelocatableFixture {
  /** Local ones first; the null symbol is added in front. */
  readonly symbols: readonly SymbolFixture[];
  /** Numbers of symbols. */
  readonly relocations: readonly number[];
  readonly modinfo: readonly string[];
}

/** A module with symbols, relocations and type information. */
export function makeRelocatable(fixture: RelocatableFixture): Buffer {
  const names = stringTable(['', ...fixture.symbols.map((symbol) => symbol.name)]);
  const table = [
    Buffer.alloc(24),
    ...fixture.symbols.map((symbol, index) => symbolEntry(symbol, names.offsets[index + 1]!)),
  ];
  const relocations = fixture.relocations.map((symbol, index) => {
    const entry = Buffer.alloc(24);
    entry.writeBigUInt64LE(BigInt(index * 4), 0);
    entry.writeUInt32LE(18, 8);
    entry.writeUInt32LE(symbol, 12);
    return entry;
  });
  const locals = 1 + fixture.symbols.filter((symbol) => symbol.bind === 0).length;
  return assemble(
    [
      { name: '', type: 0, link: 0, bytes: Buffer.alloc(0) },
      {
        name: '.text',
        type: 1,
        link: 0,
        bytes: Buffer.alloc(4 * fixture.relocations.length, 0x13),
        alignment: 16,
      },
      { name: '.rela.text', type: 4, link: 6, bytes: Buffer.concat(relocations), alignment: 8 },
      {
        name: '.modinfo',
        type: 1,
        link: 0,
        bytes: Buffer.from(fixture.modinfo.map((line) => `${line}\0`).join('')),
      },
      { name: '.bss', type: 8, link: 0, bytes: Buffer.alloc(0), alignment: 64 },
      { name: '.BTF', type: 1, link: 0, bytes: Buffer.alloc(333, 0xeb) },
      { name: '.symtab', type: 2, link: 7, bytes: Buffer.concat(table), alignment: 8, info: locals },
      { name: '.strtab', type: 3, link: 0, bytes: names.bytes },
    ],
    undefined,
  );
}

function symbolEntry(symbol: SymbolFixture, nameOffset: number): Buffer {
  const entry = Buffer.alloc(24);
  entry.writeUInt32LE(nameOffset, 0);
  entry[4] = (symbol.bind << 4) | symbol.type;
  entry.writeUInt16LE(1, 6);
  entry.writeBigUInt64LE(BigInt(symbol.value), 8);
  return entry;
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
  header.writeUInt32LE(row.info ?? 0, 44);
  header.writeBigUInt64LE(BigInt(row.alignment ?? 1), 48);
  return header;
}
