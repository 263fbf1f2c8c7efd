import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ElfSection, readModinfo, readSections } from './elf.ts';
import { ImageError } from './image-error.ts';
import { stripModule } from './strip-module.ts';
import { makeModule, makeRelocatable, type SymbolFixture } from './testing/elf-fixture.ts';

const LOCAL = 0;
const GLOBAL = 1;
const NOTYPE = 0;
const FUNC = 2;

const symbols: SymbolFixture[] = [
  { name: '.L1', bind: LOCAL, type: NOTYPE, value: 1 },
  { name: 'static_function', bind: LOCAL, type: FUNC, value: 2 },
  { name: '.L2', bind: LOCAL, type: NOTYPE, value: 3 },
  { name: '.L3', bind: LOCAL, type: NOTYPE, value: 4 },
  { name: 'init_module', bind: GLOBAL, type: FUNC, value: 5 },
  { name: 'printk', bind: GLOBAL, type: NOTYPE, value: 0 },
];
/** Numbers count from 1: 0 is the null symbol. */
const module = makeRelocatable({ symbols, relocations: [3, 6, 3, 5], modinfo: ['depends=x'] });

const section = (file: Buffer, name: string): ElfSection =>
  readSections(file).find((candidate) => candidate.name === name)!;

const symbolsOf = (file: Buffer) => {
  const table = section(file, '.symtab');
  const names = section(file, '.strtab').bytes;
  return Array.from({ length: table.bytes.length / 24 }, (_, index) => {
    const start = table.bytes.readUInt32LE(index * 24);
    return {
      name: names.toString('latin1', start, names.indexOf(0, start)),
      value: Number(table.bytes.readBigUInt64LE(index * 24 + 8)),
    };
  });
};

const relocationTargets = (file: Buffer): string[] => {
  const relocations = section(file, '.rela.text').bytes;
  const all = symbolsOf(file);
  return Array.from(
    { length: relocations.length / 24 },
    (_, index) => all[relocations.readUInt32LE(index * 24 + 12)]!.name,
  );
};

describe('stripModule', () => {
  const stripped = stripModule(module);

  it('drops local labels that no relocation names, and no other symbol', () => {
    expect(symbolsOf(module).map(({ name }) => name)).toContain('.L1');
    expect(symbolsOf(stripped)).toEqual([
      { name: '', value: 0 },
      { name: 'static_function', value: 2 },
      { name: '.L2', value: 3 },
      { name: 'init_module', value: 5 },
      { name: 'printk', value: 0 },
    ]);
  });

  it('keeps every relocation pointing at the same symbol', () => {
    expect(relocationTargets(stripped)).toEqual(['.L2', 'printk', '.L2', 'init_module']);
    expect(relocationTargets(stripped)).toEqual(relocationTargets(module));
  });

  it('tells where the global symbols begin', () => {
    expect(section(stripped, '.symtab').header.readUInt32LE(44)).toBe(3);
  });

  it('empties BTF and keeps the contents and alignment of the rest', () => {
    expect(section(module, '.BTF').bytes.length).toBeGreaterThan(0);
    expect(section(stripped, '.BTF').bytes.length).toBe(0);
    expect(section(stripped, '.text').bytes.equals(section(module, '.text').bytes)).toBe(true);
    expect(readModinfo(stripped).get('depends')).toEqual(['x']);
    for (const { header, name } of readSections(stripped)) {
      const alignment = Math.max(1, Number(header.readBigUInt64LE(48)));
      expect(Number(header.readBigUInt64LE(24)) % alignment, name).toBe(0);
    }
    expect(stripped.length).toBeLessThan(module.length);
  });

  it('leaves a module without symbols alone', () => {
    const plain = makeModule(['depends=']);
    expect(stripModule(plain)).toBe(plain);
  });

  it('has nothing left to do the second time', () => {
    expect(stripModule(stripped).equals(stripped)).toBe(true);
  });

  it('ends in an ImageError or a module on any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }), (patches) => {
        const bytes = Buffer.from(module);
        for (const [at, value] of patches) bytes[at % bytes.length] = value;
        try {
          stripModule(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
        }
      }),
      { numRuns: 3000 },
    );
  });

  const changed = (change: (file: Buffer, sections: number) => void): Buffer => {
    const file = Buffer.from(module);
    change(file, Number(file.readBigUInt64LE(40)));
    return file;
  };
  it.each([
    ['sections overlap', changed((file, at) => file.copy(file, at + 64 * 4, at + 64 * 6, at + 64 * 6 + 64))],
    ['the symbols give the sections their names', changed((file) => file.writeUInt16LE(6, 62))],
    [
      'the empty name is none',
      changed((file, at) => {
        const names = file.readUInt32LE(at + 64 * 6 + 40);
        file[Number(file.readBigUInt64LE(at + 64 * names + 24))] = 0x41;
      }),
    ],
    ['the symbols are their own names', changed((file, at) => file.writeUInt32LE(6, at + 64 * 6 + 40))],
  ])('leaves a module alone in which %s', (_shape, file) => expect(stripModule(file)).toBe(file));
});
